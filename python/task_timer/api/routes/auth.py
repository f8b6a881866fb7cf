"""Registration, log-in and the session's tokens."""

from ...services import auth_service
from ..answers import Answer, created, no_content, ok
from ..call import Call
from ..schemas.auth import dump_tokens, load_credentials
from ..schemas.user import dump_user


def register_user(call: Call) -> Answer:
    """Creates a user with the role `user`."""
    credentials = load_credentials(call.body)
    user = auth_service.register_user(credentials.email, credentials.password)
    return created(call, dump_user(user), call.path_of("getCurrentUser"))


def log_in(call: Call) -> Answer:
    """Creates a session and returns its tokens."""
    credentials = load_credentials(call.body)
    return ok(call, dump_tokens(auth_service.log_in(credentials.email, credentials.password)))


def refresh_tokens(call: Call) -> Answer:
    """Exchanges a refresh token for new tokens."""
    return ok(call, dump_tokens(auth_service.refresh_tokens(call.body["refresh_token"])))


def log_out(call: Call) -> Answer:
    """Revokes the session of the refresh token, including its access tokens."""
    auth_service.log_out(call.user_id, call.body["refresh_token"])
    return no_content()


HANDLERS = (register_user, log_in, refresh_tokens, log_out)
