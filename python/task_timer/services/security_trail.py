"""The trail of security events in the log, as `x-security-events` lists them."""

from ..current import context, resources
from ..utils.logger import logger


def record(event: str, user_id: str | None, code: str | None = None) -> None:
    """Logs a security event of a user, if known, with the code of the error that it leads to."""
    log = getattr(logger(), resources().contract["x-security-events"][event])
    log(event, user_id=user_id, client=context().client, code=code)
