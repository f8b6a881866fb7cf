"""The engine of a process, and the transactions on it."""

import functools
import select
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, Self, TypeVar

from psycopg import Cursor
from psycopg import Error as DriverError
from psycopg.types.string import TextLoader
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, text

from .config import Settings
from .current import context, resources
from .utils.database_url import parse_database_url

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 3
RETRIED_STATES = ("40001", "40P01")
UNAVAILABLE_STATES = ("08", "57P0", "57014", "53300")


class OvertakenError(Exception):
    """Another transaction came first, for the `reason` given; tried again, this one may succeed."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


_ambient: ContextVar[Connection | None] = ContextVar("ambient", default=None)


class Database:
    """The client of a process. No connection is opened before the first statement."""

    def __init__(self, settings: Settings) -> None:
        self.engine = _make_engine(settings)
        self.transactions = self.engine.execution_options(isolation_level="READ COMMITTED")

    def disconnect(self) -> None:
        """Closes the connections."""
        self.engine.dispose()


def driver_url(database_url: str) -> URL:
    """Gives the URL for the driver, psycopg."""
    url = parse_database_url(database_url)
    parameters = {
        "sslmode": url.ssl_mode,
        # Without a file of its own the driver looks for none but one in the user's home.
        "sslrootcert": url.ssl_root_cert or ("system" if url.ssl_mode == "verify-full" else None),
        "gssencmode": "disable",
        "application_name": url.application_name,
    }
    return URL.create(
        "postgresql+psycopg",
        username=url.user,
        password=url.password,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in parameters.items() if value is not None},
    )


def _make_engine(settings: Settings) -> Engine:
    seconds = settings.database_timeout_ms / 1000
    engine = create_engine(
        driver_url(settings.database_url),
        # A statement takes effect by itself; `transactional` asks for a transaction.
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
    """Gives the connection of the service function that runs."""
    ambient = _ambient.get()
    if ambient is None:
        raise RuntimeError("no connection: mark the function with @immediate or @transactional")
    return ambient


def immediate(function: Callable[P, R]) -> Callable[P, R]:
    """Runs a service function whose statements take effect one by one, or with the caller's.

    For what only reads, or sends one statement.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if _ambient.get() is not None:
            return function(*args, **kwargs)
        with _open(resources().database.engine.connect()):
            return function(*args, **kwargs)

    return run


def transactional(function: Callable[P, R]) -> Callable[P, R]:
    """Runs a service function in one transaction, or in that of the caller.

    The outermost tries up to three times when the database chose it to give way, or when it was
    overtaken.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        ambient = _ambient.get()
        if ambient is not None:
            if ambient.engine is not resources().database.transactions:
                raise RuntimeError("a transaction cannot begin once statements have taken effect")
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
    """Asks the database for nothing."""
    connection().execute(text("SELECT 1"))


def sql_state(error: exc.DBAPIError) -> str:
    """Gives the SQLSTATE of a driver's error, or nothing when the server did not answer."""
    return error.orig.sqlstate or "" if isinstance(error.orig, DriverError) else ""


def violated(error: Exception) -> str:
    """Gives the name of the constraint that a statement broke."""
    if isinstance(error, exc.IntegrityError) and isinstance(error.orig, DriverError):
        return error.orig.diag.constraint_name or ""
    return ""


def unavailable(error: Exception) -> bool:
    """Tells whether an error means that the database cannot be reached or does not keep up."""
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
    # An event of the engine would tell the same, at a tenth of the cost of a small request.
    def execute(self, *args: Any, **kwargs: Any) -> Self:
        context().statements += 1
        return super().execute(*args, **kwargs)


def _set_up(connection: Any, _record: Any) -> None:
    connection.adapters.register_loader("uuid", TextLoader)
    connection.cursor_factory = _CountingCursor


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    # An idle server says nothing but goodbye: what can be read means that the connection is dead.
    # This costs no round trip, as a statement sent ahead of each use would.
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        raise exc.InvalidatePoolError("the server has closed the connection")
