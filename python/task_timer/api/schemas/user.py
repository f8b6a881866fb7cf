"""Users on the wire."""

from marshmallow import fields

from .base import Instant, WireSchema


class UserSchema(WireSchema):
    """A user."""

    id = fields.String()
    email = fields.String()
    role = fields.String()
    created_at = Instant()
    updated_at = Instant()


class UserUpdateSchema(WireSchema):
    """What is to change of a user."""

    email = fields.String()
    password = fields.String()
    current_password = fields.String()


_user = UserSchema()
_update = UserUpdateSchema()
dump_user = _user.dump
load_user_update = _update.load
