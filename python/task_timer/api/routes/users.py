"""The current user's account, and the list of users for administrators."""

from ...services import user_service
from ..answers import Answer, no_content, ok, ok_page
from ..call import Call
from ..middleware.conditional import if_match_required
from ..schemas.user import dump_user, load_user_update


def get_current_user(call: Call) -> Answer:
    """Returns the user that the access token was issued to."""
    return ok(call, dump_user(call.identity.user))


def update_current_user(call: Call) -> Answer:
    """Updates the email address, the password or both."""
    user = user_service.update_user(
        call.identity.user,
        call.identity.session_id,
        load_user_update(call.body),
        if_match_required(call, dump_user),
    )
    return ok(call, dump_user(user))


def delete_current_user(call: Call) -> Answer:
    """Permanently deletes the user with all their tasks, time entries and sessions."""
    user_service.delete_user(call.identity.user, call.body["current_password"])
    return no_content()


def list_users(call: Call) -> Answer:
    """Returns all users."""
    page = user_service.list_users(call.query["limit"], call.query.get("cursor"))
    return ok_page(call, page, dump_user)


HANDLERS = (get_current_user, update_current_user, delete_current_user, list_users)
