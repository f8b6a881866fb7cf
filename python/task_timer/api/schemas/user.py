"""Users on the wire."""

from marshmallow import Schema, fields

from .fields import Instant


class UserSchema(Schema):
    """A user."""

    id = fields.String()
    email = fields.String()
    role = fields.String()
    created_at = Instant()
    updated_at = Instant()


class UserUpdateSchema(Schema):
    """What is to change of a user."""

    email = fields.String()
    password = fields.String()
    current_password = fields.String()


_user = UserSchema()
_update = UserUpdateSchema()
dump_user = _user.dump
load_user_update = _update.load
