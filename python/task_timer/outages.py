"""What is the fault of the database, and no fault of a request or of the program."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.errors import ConnectionTimeout
from sqlalchemy import exc

from .db import NoAnswerError, sql_state


@dataclass(frozen=True, slots=True)
class Outage:
    """Why the database could not be used.

    cause: `refused` by it, with the SQLSTATE; else the connection was `lost` or could not be made,
    it was `silent`, or all connections were `busy`; a replica is also `behind` or `no_replica`.
    exception: the class of the driver's error, if there was one.
    """

    cause: str
    sqlstate: str | None
    exception: str | None


def outage_of(error: Exception, states: Sequence[str]) -> Outage | None:
    """Gives why the database could not be used, or nothing for an error of another kind.

    states: how the SQLSTATEs begin that tell of it.
    """
    if isinstance(error, exc.TimeoutError):
        return Outage("busy", None, type(error).__name__)
    if not isinstance(error, exc.DBAPIError):
        return None
    state, name = sql_state(error), type(error.orig).__name__
    if state:
        return Outage("refused", state, name) if state.startswith(tuple(states)) else None
    if isinstance(error.orig, NoAnswerError | ConnectionTimeout):
        return Outage("silent", None, name)
    if error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError):
        return Outage("lost", None, name)
    return None
