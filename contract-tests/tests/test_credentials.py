"""A token goes where its scheme wants it, and nowhere else."""

from __future__ import annotations

import pytest

from lockstep.transport.credentials import BEARER, Credential
from lockstep.transport.messages import Request

COOKIE = Credential("cookie", "sid", "{token}")
QUERY = Credential("query", "api key", "{token}")


@pytest.mark.parametrize("credential", [BEARER, Credential("header", "X-Key", "{token}")])
def test_a_header_is_put_once(credential: Credential) -> None:
    request = Request("GET", "/a", ((credential.name.lower(), "old"), ("A", "1")))
    sent = credential.put(request, "t")
    value = credential.form.format(token="t")
    assert sent.headers == (("A", "1"), (credential.name, value))
    assert credential.is_in(sent)
    assert credential.remove(sent) == Request("GET", "/a", (("A", "1"),))


def test_a_cookie_leaves_the_others_alone() -> None:
    request = Request("GET", "/a", (("cookie", "sid=old; lang=en"),))
    sent = COOKIE.put(request, "t")
    assert sent.headers == (("Cookie", "lang=en; sid=t"),)
    assert COOKIE.is_in(sent)
    assert COOKIE.remove(sent).headers == (("Cookie", "lang=en"),)
    assert not COOKIE.is_in(COOKIE.remove(sent))


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a", "/a?api%20key=t%2B"),
        ("/a?b=1", "/a?b=1&api%20key=t%2B"),
        ("/a?api%20key=old&b", "/a?b&api%20key=t%2B"),
    ],
)
def test_a_query_parameter_is_encoded(path: str, sent: str) -> None:
    request = QUERY.put(Request("GET", path), "t+")
    assert request.path == sent
    assert QUERY.is_in(request)
    assert not QUERY.is_in(QUERY.remove(request))


def test_a_credential_reads_as_what_is_sent() -> None:
    assert [str(credential) for credential in (BEARER, COOKIE, QUERY)] == [
        "Authorization: Bearer …",
        "Cookie: sid=…",
        "?api key=…",
    ]
