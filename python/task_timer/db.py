"""The database engine of a process, and its transactions."""

import functools
import random
import select
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, Self, TypeVar

from psycopg import Connection as DriverConnection
from psycopg import Cursor, OperationalError
from psycopg import Error as DriverError
from psycopg.abc import PQGen
from psycopg.types.string import TextLoader
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, exc, text

from .config import Settings
from .current import context, resources
from .utils.database_url import parse_database_url

P = ParamSpec("P")
R = TypeVar("R")

# libpq keeps the words with which a server refuses a connection, and not the SQLSTATE.
REFUSALS = {
    "password authentication failed": "28P01",
    "is not permitted to log in": "28000",
    "no pg_hba.conf entry": "28000",
    'FATAL:  role "': "28000",
    'FATAL:  database "': "3D000",
    "permission denied for database": "42501",
    "too many connections": "53300",
    "too many clients": "53300",
    "connection slots are reserved": "53300",
    "the database system is": "57P03",
}
# The server's own limit for a statement comes first, where there is a server.
GRACE_SECONDS = 1.0
# Names of the time zone that sessions must have.
UTC = ("UTC", "Etc/UTC")


class OvertakenError(Exception):
    """A concurrent transaction came first, for the given `reason`; a retry may succeed."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason


class TimeZoneError(Exception):
    """Sessions of the database are not in UTC: behind a pooler, its role has to set that."""


class NoAnswerError(OperationalError):
    """The server has said nothing for too long; the connection was given up."""


_ambient: ContextVar[Connection | None] = ContextVar("ambient", default=None)
_is_barred: ContextVar[bool] = ContextVar("is_barred", default=False)


@dataclass(slots=True)
class _Lease:
    """The connection of a request, once it has one."""

    connection: Connection | None = None


_lease: ContextVar[_Lease | None] = ContextVar("lease", default=None)


class Database:
    """A database client of a process. It connects at the first statement.

    url: of a replica, instead of the primary. connect_ms: how long connecting to it may take.
    """

    def __init__(self, settings: Settings, url: str = "", connect_ms: int = 0) -> None:
        self.engine = _make_engine(
            settings, url or settings.database_url, connect_ms or settings.database_timeout_ms
        )
        self.transactions = self.engine.execution_options(isolation_level="READ COMMITTED")
        self._aside = ThreadPoolExecutor(1)
        self._waiting: set[object] = set()

    @property
    def in_use(self) -> int:
        """The number of connections that are in use."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    @property
    def waiting(self) -> int:
        """The number of those who wait for a connection."""
        return len(self._waiting)

    @contextmanager
    def in_waiting(self) -> Iterator[None]:
        """Counts among those who wait: also for a thread, of which there are as many."""
        one = object()
        self._waiting.add(one)
        try:
            yield
        finally:
            self._waiting.discard(one)

    def aside(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Runs work that no request waits for, one after the other."""
        self._aside.submit(work, *args, **kwargs)

    def renew(self) -> None:
        """Gives up all connections that there are now: those in use when they are no more."""
        self.engine.dispose()

    def disconnect(self) -> None:
        """Closes the connections."""
        self._aside.shutdown()
        self.engine.dispose()


def driver_url(database_url: str) -> URL:
    """Returns the URL for the driver, psycopg."""
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


def _make_engine(settings: Settings, url: str, connect_ms: int) -> Engine:
    connect_seconds = connect_ms / 1000
    engine = create_engine(
        driver_url(url),
        # Autocommit by default; `transactional` opens a transaction.
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=connect_seconds,
        connect_args={
            "connect_timeout": max(1, round(connect_seconds)),
            **_session_options(settings),
        },
    )
    answer_seconds = settings.database_timeout_ms / 1000 + GRACE_SECONDS
    event.listen(engine, "do_connect", _connector(answer_seconds))
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "checkout", _refuse_dead)
    return engine


def _session_options(settings: Settings) -> dict[str, Any]:
    """Returns what holds for a session, which behind a pooler no client has to itself."""
    if settings.database_pooler == "transaction":
        return {"prepare_threshold": None}
    return {"options": f"-c statement_timeout={settings.database_timeout_ms} -c timezone=UTC"}


def connection() -> Connection:
    """Returns the connection of the running service function."""
    ambient = _ambient.get()
    if ambient is None:
        raise RuntimeError("no connection: decorate the function with @immediate or @transactional")
    return ambient


def immediate(function: Callable[P, R]) -> Callable[P, R]:
    """Runs a service function in autocommit mode, or in the transaction of the caller.

    For functions that only read, or send one statement; see also `one_connection`.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if _ambient.get() is not None:
            return function(*args, **kwargs)
        database, lease = resources().database, _lease.get()
        with _leased(database, lease) if lease else _open(database, database.engine.connect):
            return function(*args, **kwargs)

    return run


def transactional(function: Callable[P, R]) -> Callable[P, R]:
    """Runs a service function in a transaction, or in that of the caller.

    The outermost call is retried, as often as the contract says and after a pause, after a
    deadlock, a serialisation failure or an OvertakenError.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        ambient = _ambient.get()
        if ambient is not None:
            if ambient.engine is not resources().database.transactions:
                raise RuntimeError("cannot begin a transaction within an @immediate function")
            return function(*args, **kwargs)
        rules = resources().contract["x-unavailable"]
        attempt = 1
        while True:
            try:
                return _run_once(function, *args, **kwargs)
            except OvertakenError as error:
                if attempt == rules["attempts"]:
                    raise error.reason from error
            except exc.DBAPIError as error:
                if attempt == rules["attempts"] or sql_state(error) not in rules["retried_states"]:
                    raise
                # Not as long as the others that gave way.
                time.sleep(rules["pause_ms"] / 1000 * attempt * random.uniform(0.5, 1.5))  # noqa: S311
            attempt += 1

    return run


def _run_once(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    database = resources().database
    with _open(database, database.transactions.begin):
        return function(*args, **kwargs)


@contextmanager
def _open(
    database: Database, opening: Callable[[], AbstractContextManager[Connection]]
) -> Iterator[None]:
    if _is_barred.get():
        raise exc.TimeoutError
    # Whoever holds one and waits for another would keep those who do the same waiting.
    release_connection()
    with ExitStack() as stack:
        with database.in_waiting():
            opened = stack.enter_context(opening())
        token = _ambient.set(opened)
        try:
            yield
        finally:
            _ambient.reset(token)


@contextmanager
def _leased(database: Database, lease: _Lease) -> Iterator[None]:
    if lease.connection is None:
        with database.in_waiting():
            lease.connection = database.engine.connect()
    token = _ambient.set(lease.connection)
    try:
        yield
    except BaseException:
        # It may be of no more use.
        release_connection()
        raise
    finally:
        _ambient.reset(token)


@contextmanager
def one_connection() -> Iterator[None]:
    """Lets the @immediate functions of a request use one connection, which the first one opens.

    For requests that run in as many threads as there are connections.
    """
    token = _lease.set(_Lease())
    try:
        yield
    finally:
        release_connection()
        _lease.reset(token)


def release_connection() -> None:
    """Returns the connection of the request to the pool, before something else takes long."""
    lease = _lease.get()
    if lease is not None and lease.connection is not None:
        leased, lease.connection = lease.connection, None
        leased.close()


@contextmanager
def barred() -> Iterator[None]:
    """Lets whoever wants a connection have none, as if all had been in use for too long."""
    token = _is_barred.set(True)
    try:
        yield
    finally:
        _is_barred.reset(token)


def run_on(database: Database, function: Callable[[], R]) -> R:
    """Runs what only reads on one connection to a database, in autocommit mode."""
    with _open(database, database.engine.connect):
        return function()


@contextmanager
def answered_within(milliseconds: int) -> Iterator[None]:
    """Bounds how long responses of the database are awaited on the current connection."""
    driver = connection().connection.driver_connection
    if not isinstance(driver, _BoundedConnection):
        raise TypeError
    usual, driver.seconds = driver.seconds, milliseconds / 1000
    try:
        yield
    finally:
        driver.seconds = usual


@immediate
def ping() -> None:
    """Checks that the database responds, and that its tables exist and can be written to."""
    connection().execute(text("SELECT 1 FROM users, tracked_tasks LIMIT 0 FOR SHARE OF users"))


def sql_state(error: exc.DBAPIError) -> str:
    """Returns the SQLSTATE of a driver's error, or nothing if the server did not respond."""
    if not isinstance(error.orig, DriverError):
        return ""
    if error.orig.sqlstate or not isinstance(error.orig, OperationalError):
        return error.orig.sqlstate or ""
    said = str(error.orig)
    return next((state for words, state in REFUSALS.items() if words in said), "")


def violated(error: Exception) -> str:
    """Returns the name of the constraint that a statement violated."""
    if isinstance(error, exc.IntegrityError) and isinstance(error.orig, DriverError):
        return error.orig.diag.constraint_name or ""
    return ""


class _BoundedConnection(DriverConnection[Any]):
    """A connection with a time limit for each response, whatever the server does."""

    seconds: float

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        try:
            return super().wait(gen, interval, timeout or self.seconds)
        except OperationalError as error:
            # Lost, or ended by the server, or else: nothing came.
            if self.closed or error.sqlstate:
                raise
            self.close()
            raise NoAnswerError from error


def _connector(answer_seconds: float) -> Callable[..., _BoundedConnection]:
    class Bounded(_BoundedConnection):
        seconds = answer_seconds

    def connect(_dialect: Any, _record: Any, given: Any, named: Any) -> _BoundedConnection:
        return Bounded.connect(*given, **named)

    return connect


class _Counting:
    # An event of the engine would do the same, but costs a tenth of a small request.
    def execute(self, *args: Any, **kwargs: Any) -> Self:
        context().statements += 1
        return super().execute(*args, **kwargs)  # type: ignore[misc,no-any-return]


class _CountingCursor(_Counting, Cursor[Any]):
    pass


def _set_up(connection: Any, _record: Any) -> None:
    if connection.info.parameter_status("TimeZone") not in UTC:
        raise TimeZoneError
    connection.adapters.register_loader("uuid", TextLoader)
    kind = connection.cursor_factory
    # Where statements are traced, the driver has been given a cursor of its own.
    counting = _CountingCursor if kind is Cursor else type("_Counting", (_Counting, kind), {})
    connection.cursor_factory = counting


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    # An idle server sends nothing but errors: if anything can be read, the connection is dead.
    # This saves the round trip of a statement sent before each use.
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        raise exc.InvalidatePoolError("the server has closed the connection")
