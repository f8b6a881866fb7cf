"""Accounts and log-in."""

from ...services import auth_service
from ..answers import Answer, created, no_content, ok
from ..call import Call
from ..schemas.auth import dump_tokens, load_credentials, load_refresh_token
from ..schemas.user import dump_user


def register_user(call: Call) -> Answer:
    """Makes an account with the role `user`."""
    user = auth_service.register_user(**load_credentials(call.body))
    return created(call, dump_user(user), call.path_of("getCurrentUser"))


def log_in(call: Call) -> Answer:
    """Opens a session."""
    return ok(call, dump_tokens(auth_service.log_in(**load_credentials(call.body))))


def refresh_tokens(call: Call) -> Answer:
    """Gives new tokens for a refresh token, which can be used once."""
    return ok(call, dump_tokens(auth_service.refresh_tokens(**load_refresh_token(call.body))))


def log_out(call: Call) -> Answer:
    """Ends the session that the refresh token belongs to, access tokens included."""
    auth_service.log_out(call.user_id, **load_refresh_token(call.body))
    return no_content()


HANDLERS = (register_user, log_in, refresh_tokens, log_out)
