"""Credentials and tokens on the wire."""

from marshmallow import fields

from .base import WireSchema


class CredentialsSchema(WireSchema):
    """An address and a password, to register or to log in with."""

    email = fields.String()
    password = fields.String()


class RefreshTokenBodySchema(WireSchema):
    """A refresh token."""

    refresh_token = fields.String()


class TokensSchema(WireSchema):
    """The tokens of a session."""

    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer()
    refresh_token = fields.String()


_credentials = CredentialsSchema()
_refresh_token = RefreshTokenBodySchema()
_tokens = TokensSchema()
load_credentials = _credentials.load
load_refresh_token = _refresh_token.load
dump_tokens = _tokens.dump
