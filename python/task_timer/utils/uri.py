"""Request targets (RFC 3986), taken apart strictly: nothing is guessed or normalised."""

import re
from urllib.parse import quote, unquote_to_bytes

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_NORMAL = re.compile("[A-Za-z0-9._~/-]*")
_ABSOLUTE = re.compile("[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class UriError(ValueError):
    """A request target is malformed."""


def split_target(target: str) -> tuple[str, str]:
    """Splits a request target into path and query, both still encoded. Raises UriError.

    The absolute form gives the path and the query of it.
    """
    if "#" in target:
        raise UriError("a fragment is no part of a request")
    origin_form = _ABSOLUTE.sub("", target, count=1) if target[:1] != "/" else target
    path, _, query = origin_form.partition("?")
    return path or "/", query


def normal_path(path: str) -> str:
    """Gives the one spelling of a path that is looked up. Raises UriError as `decode` does.

    `%2F` stays within its segment.
    """
    if _NORMAL.fullmatch(path):
        return path
    return "/".join(encode(decode(segment)) for segment in path.split("/"))


def route_path(target: str) -> str:
    """Gives the one spelling of the path in a target, or nothing where that is malformed."""
    try:
        return normal_path(split_target(target)[0])
    except UriError:
        return ""


def decode(text: str) -> str:
    """Undoes percent-encoding, strictly. Raises UriError for what is not UTF-8, or has a NUL."""
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
