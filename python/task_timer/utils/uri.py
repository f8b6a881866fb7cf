"""Request targets (RFC 3986), parsed strictly: nothing is guessed or normalised."""

import re
from urllib.parse import quote, unquote_to_bytes

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_NORMAL = re.compile("[A-Za-z0-9._~/-]*")
_ABSOLUTE = re.compile("[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class UriError(ValueError):
    """A request target is malformed."""


def split_target(target: str) -> tuple[str, str]:
    """Splits a request target into path and query, both still encoded. Raises UriError.

    The absolute form yields its path and query.
    """
    if "#" in target:
        raise UriError("a request target has no fragment")
    origin_form = _ABSOLUTE.sub("", target, count=1) if target[:1] != "/" else target
    path, _, query = origin_form.partition("?")
    return path or "/", query


def normal_path(path: str) -> str:
    """Returns the canonical spelling of a path. Raises UriError as `decode` does.

    `%2F` stays within its segment.
    """
    if _NORMAL.fullmatch(path):
        return path
    return "/".join(encode(decode(segment)) for segment in path.split("/"))


def route_path(target: str) -> str:
    """Returns the canonical spelling of the path in a target, or nothing if it is malformed."""
    try:
        return normal_path(split_target(target)[0])
    except UriError:
        return ""


def decode(text: str) -> str:
    """Percent-decodes strictly. Raises UriError for invalid UTF-8, or a NUL."""
    if "%" not in text:
        return text
    if _BROKEN_ESCAPE.search(text):
        raise UriError("broken percent-encoding")
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise UriError("not UTF-8") from error
    if "\0" in decoded:
        raise UriError("NUL")
    return decoded


def parse_query(query: str) -> list[tuple[str, str]]:
    """Lists the names and values of a query; `+` is a space. Raises UriError as `decode` does."""
    pairs = (pair.replace("+", " ").partition("=") for pair in query.split("&") if pair)
    return [(decode(name), decode(value)) for name, _, value in pairs]


def encode(text: str) -> str:
    """Percent-encodes all but the unreserved characters."""
    return quote(text, safe="-._~")
