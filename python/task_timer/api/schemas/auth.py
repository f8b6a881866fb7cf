"""Credentials and tokens on the wire."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import fields, post_load

from ...services.auth_service import Tokens
from .base import WireSchema


@dataclass(frozen=True, slots=True)
class Credentials:
    """An email address and a password, to register or log in with."""

    email: str
    password: str


class CredentialsSchema(WireSchema):
    """An email address and a password, to register or log in with."""

    email = fields.String()
    password = fields.String()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Credentials:
        """Creates the credentials that were read."""
        return Credentials(**data)


class TokensSchema(WireSchema):
    """The tokens of a session."""

    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer()
    refresh_token = fields.String()


load_credentials: Callable[[Any], Credentials] = CredentialsSchema().load
dump_tokens: Callable[[Tokens], dict[str, Any]] = TokensSchema().dump
