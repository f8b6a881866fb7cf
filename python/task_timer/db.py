"""The database engine of a process, and its transactions."""

import functools
import select
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, Self, TypeVar

from psycopg import Cursor
from psycopg import Error as DriverError
from psycopg.types.string import TextLoader
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text

from .config import Settings
from .current import context, resources

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 3
RETRIED_STATES = ("40001", "40P01")
UNAVAILABLE_STATES = ("08", "57P0", "57014", "53300")


class OvertakenError(Exception):
    """A concurrent transaction came first, for the given `reason`; a retry may succeed."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


_ambient: ContextVar[Connection | None] = ContextVar("ambient", default=None)


class Database:
    """The database client of a process. It connects at the first statement."""

    def __init__(self, settings: Settings) -> None:
        self.engine = _make_engine(settings)
        self.transactions = self.engine.execution_options(isolation_level="READ COMMITTED")

    def disconnect(self) -> None:
        """Closes the connections."""
        self.engine.dispose()


def driver_url(database_url: str) -> URL:
    """Returns the URL with the name of the driver, psycopg."""
    return make_url(database_url).set(drivername="postgresql+psycopg")


def _make_engine(settings: Settings) -> Engine:
    seconds = settings.database_timeout_ms / 1000
    engine = create_engine(
        driver_url(settings.database_url),
        # Autocommit by default; `transactional` opens a transaction.
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=seconds,
        connect_args={
            "connect_timeout": max(1, round(seconds)),
            "options": f"-c statement_timeout={settings.database_timeout_ms} -c timezone=UTC",
        },
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "checkout", _refuse_dead)
    return engine


def connection() -> Connection:
    """Returns the connection of the running service function."""
    ambient = _ambient.get()
    if ambient is None:
        raise RuntimeError("no connection: decorate the function with @immediate or @transactional")
    return ambient


def immediate(function: Callable[P, R]) -> Callable[P, R]:
    """Runs a service function in autocommit mode, or in the transaction of the caller.

    For functions that only read, or send one statement.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if _ambient.get() is not None:
            return function(*args, **kwargs)
        with _open(resources().database.engine.connect()):
            return function(*args, **kwargs)

    return run


def transactional(function: Callable[P, R]) -> Callable[P, R]:
    """Runs a service function in a transaction, or in that of the caller.

    The outermost call is retried, up to three attempts, after a deadlock, a serialisation failure
    or an OvertakenError.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        ambient = _ambient.get()
        if ambient is not None:
            if ambient.engine is not resources().database.transactions:
                raise RuntimeError("cannot begin a transaction within an @immediate function")
            return function(*args, **kwargs)
        attempt = 1
        while True:
            try:
                return _run_once(function, *args, **kwargs)
            except OvertakenError as error:
                if attempt == ATTEMPTS:
                    raise error.reason from error
            except exc.DBAPIError as error:
                if attempt == ATTEMPTS or sql_state(error) not in RETRIED_STATES:
                    raise
            attempt += 1

    return run


def _run_once(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    with _open(resources().database.transactions.begin()):
        return function(*args, **kwargs)


@contextmanager
def _open(opening: AbstractContextManager[Connection]) -> Iterator[None]:
    with opening as opened:
        token = _ambient.set(opened)
        try:
            yield
        finally:
            _ambient.reset(token)


@immediate
def ping() -> None:
    """Checks the connection to the database."""
    connection().execute(text("SELECT 1"))


def sql_state(error: exc.DBAPIError) -> str:
    """Returns the SQLSTATE of a driver's error, or nothing if the server did not respond."""
    return error.orig.sqlstate or "" if isinstance(error.orig, DriverError) else ""


def violated(error: Exception) -> str:
    """Returns the name of the constraint that a statement violated."""
    if isinstance(error, exc.IntegrityError) and isinstance(error.orig, DriverError):
        return error.orig.diag.constraint_name or ""
    return ""


def unavailable(error: Exception) -> bool:
    """Returns whether an error means that the database is unreachable or overloaded."""
    if isinstance(error, exc.TimeoutError):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = sql_state(error)
    if not state:
        return isinstance(error, exc.OperationalError | exc.InterfaceError)
    return state.startswith(UNAVAILABLE_STATES)


class _CountingCursor(Cursor[Any]):
    # An event of the engine would do the same, but costs a tenth of a small request.
    def execute(self, *args: Any, **kwargs: Any) -> Self:
        context().statements += 1
        return super().execute(*args, **kwargs)


def _set_up(connection: Any, _record: Any) -> None:
    connection.adapters.register_loader("uuid", TextLoader)
    connection.cursor_factory = _CountingCursor


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    # An idle server sends nothing but errors: if anything can be read, the connection is dead.
    # This saves the round trip of a statement sent before each use.
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        raise exc.InvalidatePoolError("the server has closed the connection")
