"""HTTP Digest authentication (RFC 7616)."""

from __future__ import annotations

import base64

import pytest

from lockstep.transport.digest import Challenge, DigestClient, answer, challenges
from lockstep.transport.messages import Request, Response

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def of(user: str, password: str) -> str:
    """The Authorization header that holds a user and a password for Digest."""
    return "Digest " + base64.b64encode(f"{user}:{password}".encode()).decode()


def asking(*values: str, status: int = 401) -> Response:
    """A response with WWW-Authenticate challenges."""
    return Response(status, tuple(("WWW-Authenticate", value) for value in values))


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = Challenge("http-auth@example.org", NONCE, algorithm, "auth", "opaque")
    request = Request("GET", "/dir/index.html")
    made = answer(
        *(challenge, b"Mufasa", b"Circle of Life", request, request.path),
        count=1,
        cnonce=CNONCE,
    )
    assert f'response="{response}"' in made
    assert f"algorithm={algorithm}" in made
    assert 'uri="/dir/index.html"' in made
    assert "qop=auth, nc=00000001" in made


def test_rfc_7616_example_with_userhash() -> None:
    # The value printed in RFC 7616 is corrected by erratum 4897.
    nonce = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK"
    challenge = Challenge("api@example.org", nonce, "SHA-512-256", "auth", "op", userhash=True)
    made = answer(
        *(challenge, "J\u00e4s\u00f8n Doe".encode(), b"Secret, or not?"),
        *(Request("GET", "/doe.json"), "/doe.json"),
        count=1,
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
    )
    assert 'username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"' in made
    assert "userhash=true" in made


def test_challenge_without_qop_is_answered_as_in_rfc_2069() -> None:
    challenge = Challenge("r", "n")
    made = answer(challenge, b"u", b"p", Request("GET", "/a"), "/a", count=1, cnonce="c")
    assert "qop" not in made
    assert "cnonce" not in made


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (['Digest realm="a b", nonce="n"'], [("a b", "n", "")]),
        (['Digest nonce=n, realm="x", qop="auth-int,auth"'], [("x", "n", "auth")]),
        (['Digest nonce="n",realm="x",qop="auth-int"'], [("x", "n", "auth-int")]),
        (['Basic realm="Digest nonce=1", Digest realm="y", nonce="n"'], [("y", "n", "")]),
        (['Negotiate, Digest realm="y", nonce="n", Basic realm="z"'], [("y", "n", "")]),
        (['DIGEST realm="q\\"q", nonce="n"'], [('q"q', "n", "")]),
        (['Bearer realm="x"'], []),
        (['Digest realm="x", nonce="n", algorithm=SHA-1024'], []),
        (['Digest realm="x"'], []),
        (['Basic realm="x"', 'Digest realm="x", nonce="2"'], [("x", "2", "")]),
    ],
)
def test_digest_challenges_are_parsed_among_others(
    values: list[str], found: list[tuple[str, str, str]]
) -> None:
    assert [(c.realm, c.nonce, c.qop) for c in challenges(asking(*values))] == found


def test_strongest_challenge_is_answered_and_nonce_count_increases() -> None:
    client = DigestClient(lambda: "c")
    request = Request("GET", "/a", (("Authorization", of("ann", "pw")),))
    assert client.sign(request, "/a").headers == ()
    weak, strong = (
        'Digest realm="r", nonce="n", qop="auth", algorithm=' + a for a in ("MD5", "SHA-256")
    )
    assert client.learn(request, asking(weak, strong))
    first, second = (client.sign(request, "/a").header("authorization") or "" for _ in range(2))
    assert "algorithm=SHA-256" in first
    assert "nc=00000001" in first
    assert "nc=00000002" in second


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (of("a", "b"), asking('Digest realm="r", nonce="n"', status=403)),
        (of("a", "b"), asking('Basic realm="r"')),
        ("Basic YTpi", asking('Digest realm="r", nonce="n"')),
        ('Digest username="a", nonce="n"', asking('Digest realm="r", nonce="n"')),
        ("Digest ", asking('Digest realm="r", nonce="n"')),
    ],
)
def test_unrelated_response_is_not_taken_for_a_challenge(value: str, outcome: Response) -> None:
    client = DigestClient()
    request = Request("GET", "/a", (("Authorization", value),))
    assert not client.learn(request, outcome)
