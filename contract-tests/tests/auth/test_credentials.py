"""Credentials are sent as their security scheme requires, and to no other target."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.transport.cookies import CookieJar
from lockstep.transport.credentials import BEARER, Credential, Identity
from lockstep.transport.messages import Request, Response

COOKIE = Credential("cookie", "sid", "{token}")
QUERY = Credential("query", "api key", "{token}")


@pytest.mark.parametrize("credential", [BEARER, Credential("header", "X-Key", "{token}")])
def test_credential_header_is_replaced(credential: Credential) -> None:
    request = Request("GET", "/a", ((credential.name.lower(), "old"), ("A", "1")))
    sent = credential.put(request, "t")
    value = credential.form.format(token="t")
    assert sent.headers == (("A", "1"), (credential.name, value))
    assert credential.is_in(sent)
    assert credential.remove(sent) == Request("GET", "/a", (("A", "1"),))


def test_credential_cookie_keeps_other_cookies() -> None:
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
def test_credential_query_parameter_is_percent_encoded(path: str, sent: str) -> None:
    request = QUERY.put(Request("GET", path), "t+")
    assert request.path == sent
    assert QUERY.is_in(request)
    assert not QUERY.is_in(QUERY.remove(request))


def test_credential_is_formatted_as_it_is_sent() -> None:
    assert [str(credential) for credential in (BEARER, COOKIE, QUERY)] == [
        "Authorization: Bearer …",
        "Cookie: sid=…",
        "?api key=…",
    ]


def setting(*cookies: str) -> Response:
    """A response that sets cookies."""
    return Response(200, tuple(("Set-Cookie", text) for text in cookies))


@pytest.mark.parametrize(
    ("cookie", "header", "value"),
    [
        ("csrftoken=abc", "X-CSRFToken", "abc"),
        ("XSRF-TOKEN=a%3D", "X-XSRF-TOKEN", "a="),
        ("csrf_access_token=abc", "X-CSRF-Token", "abc"),
        ("_csrf=abc", "X-CSRF-Token", "abc"),
        ("csrf_refresh_token=abc", "X-CSRF-Token", None),
        ("sid=abc", "X-CSRF-Token", None),
    ],
)
def test_csrf_cookie_is_sent_as_its_header(cookie: str, header: str, value: str | None) -> None:
    jar = CookieJar()
    jar.absorb(setting(cookie))
    assert jar.put(Request("POST", "/a")).header(header) == value
    assert jar.put(Request("GET", "/a")).header(header) is None


def test_csrf_header_of_the_document_is_used() -> None:
    jar = CookieJar("X-My-Csrf")
    jar.absorb(setting("csrftoken=abc"))
    assert jar.put(Request("PUT", "/a")).header("x-my-csrf") == "abc"


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"csrfToken": "shown"}}',
        b'<form><input type="hidden" name="csrfmiddlewaretoken" value="shown"></form>',
        b'<meta name="csrf-token" content="shown">',
    ],
)
def test_csrf_token_in_a_body_takes_precedence_over_the_cookie(body: bytes) -> None:
    jar = CookieJar()
    jar.absorb(setting("_csrf=secret"))
    jar.take_token(Response(200, (), body))
    assert jar.put(Request("POST", "/a")).header("X-CSRF-Token") == "shown"


def test_expired_cookie_is_removed_except_the_session() -> None:
    jar = CookieJar()
    jar.absorb(setting("a=1; Path=/", "b=2", "c=3", "d=4", "sid=5"))
    past = "Thu, 01 Jan 1970 00:00:00 GMT"
    jar.absorb(setting("a=; Max-Age=0", f"b=gone; Expires={past}", "c=", "sid=; Max-Age=0"), "sid")
    assert jar.cookies == {"d": "4", "sid": "5"}


def both(leader: str, partner: str) -> Identity:
    """A user with a session and a CSRF cookie at two targets."""
    jars = {"old": CookieJar(), "new": CookieJar()}
    jars["old"].absorb(setting(f"sid={leader}", f"csrftoken=csrf-{leader}"))
    jars["new"].absorb(setting(f"sid={partner}", f"csrftoken=csrf-{partner}"))
    return Identity(COOKIE, {"old": leader, "new": partner}, jars)


def test_each_target_receives_its_own_session_and_csrf_token() -> None:
    user = both("old-1", "new-1")
    request = user.put(Request("POST", "/a"), "old")
    own = user.translate(request, request, "new", "old")
    assert own.header("cookie") == "sid=new-1; csrftoken=csrf-new-1"
    assert own.header("x-csrftoken") == "csrf-new-1"


def test_omitted_or_invalid_credentials_are_not_corrected() -> None:
    user = both("old-1", "new-1")
    request = user.put(Request("POST", "/a"), "old").with_header("X-CSRFToken", "made-up")
    own = user.translate(request, request, "new", "old")
    assert own.header("x-csrftoken") == "made-up"
    bare = request.without_header("X-CSRFToken")
    assert user.translate(bare, bare, "new", "old").header("x-csrftoken") is None
    bad = COOKIE.put(request, "made-up")
    assert COOKIE.value(user.translate(bad, bad, "new", "old")) == "made-up"


def test_previous_session_is_replaced_by_the_current_one() -> None:
    user = both("old-1", "new-1")
    request = user.put(Request("GET", "/a"), "old")
    user.absorb(request, setting("sid=old-2"), "old")
    user.absorb(user.put(request, "old"), setting("sid=old-3"), "old")
    assert COOKIE.value(user.translate(request, request, "old", "old")) == "old-3"
    assert COOKIE.value(user.translate(request, request, "new", "old")) == "new-1"


def test_session_of_another_user_is_not_adopted() -> None:
    user = both("old-1", "new-1")
    stranger = COOKIE.put(Request("GET", "/a"), "made-up")
    user.absorb(stranger, setting("sid=guest"), "old")
    assert user.token("old") == "old-1"


def test_one_token_of_the_leader_may_map_to_two_of_a_target() -> None:
    alice = Identity(BEARER, {"old": "same", "new": "new-1"})
    bob = Identity(BEARER, {"old": "same", "new": "new-2"})
    request = bob.put(Request("GET", "/a"), "old")
    # The leader's token has been mapped to alice's token at the other target.
    learnt = BEARER.put(request, "new-1")
    assert BEARER.value(bob.translate(request, learnt, "new", "old")) == "Bearer new-2"
    assert BEARER.value(alice.translate(request, learnt, "new", "old")) == "Bearer new-1"


def test_combined_credentials_are_added_and_removed_together() -> None:
    both = replace(BEARER, also=(Credential("query", "key", "{token}"),))
    request = Request("GET", "/x?a=1")
    signed = both.put(request, "one\ntwo")
    assert signed == Request("GET", "/x?a=1&key=two", (("Authorization", "Bearer one"),))
    assert both.put(signed, "three\nfour").path == "/x?a=1&key=four"
    assert both.remove(signed) == request
    assert str(both) == "Authorization: Bearer … and ?key=…"


def test_each_target_receives_all_of_its_own_combined_credentials() -> None:
    both = replace(BEARER, also=(Credential("header", "X-Key", "{token}"),))
    identity = Identity(both, {"old": "one\ntwo", "new": "uno\ndue"})
    signed = identity.put(Request("GET", "/x"), "old")
    assert identity.signed(signed, "old")
    own = identity.translate(signed, signed, "new", "old")
    assert own.headers == (("Authorization", "Bearer uno"), ("X-Key", "due"))
