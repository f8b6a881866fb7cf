"""Where a request carries the token of its user."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote

from lockstep.messages import Request


@dataclass(frozen=True, slots=True)
class Credential:
    """How a token is sent: in a header, a cookie or a query parameter (OpenAPI, `securitySchemes`).

    `form` is the value with `{token}` in place of the token.
    """

    location: Literal["header", "cookie", "query"] = "header"
    name: str = "Authorization"
    form: str = "Bearer {token}"

    def __str__(self) -> str:
        shown = self.form.format(token="…")
        match self.location:
            case "header":
                return f"{self.name}: {shown}"
            case "cookie":
                return f"Cookie: {self.name}={shown}"
            case _:
                return f"?{self.name}={shown}"

    def put(self, request: Request, token: str) -> Request:
        """The request with the token at its place, instead of what was there."""
        value = self.form.format(token=token)
        bare = self.remove(request)
        if self.location == "header":
            return bare.with_header(self.name, value)
        if self.location == "cookie":
            others = bare.header("cookie")
            pair = f"{self.name}={value}"
            return bare.with_header("Cookie", f"{others}; {pair}" if others else pair)
        joint = "&" if "?" in bare.path else "?"
        return replace(bare, path=f"{bare.path}{joint}{quote(self.name)}={quote(value, safe='')}")

    def remove(self, request: Request) -> Request:
        """The request with nothing at the credential's place."""
        if self.location == "query":
            path, mark, query = request.path.partition("?")
            kept = [part for part in query.split("&") if not self._is_named(part)]
            return replace(request, path=path + (mark if kept else "") + "&".join(kept))
        name = "cookie" if self.location == "cookie" else self.name.lower()
        headers = tuple(item for item in request.headers if item[0].lower() != name)
        if self.location == "cookie":
            pairs = [pair for pair in self._cookies(request) if not self._is_named(pair)]
            if pairs:
                headers = (*headers, ("Cookie", "; ".join(pairs)))
        return replace(request, headers=headers)

    def is_in(self, request: Request) -> bool:
        """Whether the request has something at the credential's place."""
        if self.location == "header":
            return request.header(self.name) is not None
        if self.location == "cookie":
            return any(self._is_named(pair) for pair in self._cookies(request))
        return any(map(self._is_named, request.path.partition("?")[2].split("&")))

    def _cookies(self, request: Request) -> list[str]:
        values = (value for name, value in request.headers if name.lower() == "cookie")
        pairs = (pair.strip() for value in values for pair in value.split(";"))
        return [pair for pair in pairs if pair]

    def _is_named(self, pair: str) -> bool:
        name = pair.partition("=")[0]
        return name in (self.name, quote(self.name))


BEARER = Credential()
