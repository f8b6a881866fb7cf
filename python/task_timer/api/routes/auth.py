"""Accounts and log-in."""

from ...services import auth_service
from ..answers import Answer, created, no_content, ok
from ..call import Call
from ..schemas.auth import dump_tokens, load_credentials
from ..schemas.user import dump_user


def register_user(call: Call) -> Answer:
    """Makes an account with the role `user`."""
    credentials = load_credentials(call.body)
    user = auth_service.register_user(credentials.email, credentials.password)
    return created(call, dump_user(user), call.path_of("getCurrentUser"))


def log_in(call: Call) -> Answer:
    """Opens a session."""
    credentials = load_credentials(call.body)
    return ok(call, dump_tokens(auth_service.log_in(credentials.email, credentials.password)))


def refresh_tokens(call: Call) -> Answer:
    """Gives new tokens for a refresh token, which can be used once."""
    return ok(call, dump_tokens(auth_service.refresh_tokens(call.body["refresh_token"])))


def log_out(call: Call) -> Answer:
    """Ends the session that the refresh token belongs to, access tokens included."""
    auth_service.log_out(call.user_id, call.body["refresh_token"])
    return no_content()


HANDLERS = (register_user, log_in, refresh_tokens, log_out)
