"""Users on the wire."""

from collections.abc import Callable
from typing import Any

from marshmallow import fields, post_load

from ...models import UserRow
from ...services.user_service import UserChanges
from .base import Instant, WireSchema


class UserSchema(WireSchema):
    """A user. The hash of the password is not exposed."""

    id = fields.String()
    email = fields.String()
    role = fields.String()
    created_at = Instant()
    updated_at = Instant()


class UserUpdateSchema(WireSchema):
    """The changes to a user."""

    email = fields.String()
    password = fields.String()
    current_password = fields.String()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> UserChanges:
        """Creates the changes that were read."""
        return UserChanges(**data)


dump_user: Callable[[UserRow], dict[str, Any]] = UserSchema().dump
load_user_update: Callable[[Any], UserChanges] = UserUpdateSchema().load
