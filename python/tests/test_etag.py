import pytest

from task_timer.utils.etag import make_etag, matches_strongly, matches_weakly

ETAG = make_etag(b"body")


def test_etag_is_half_of_the_sha256() -> None:
    assert make_etag(b"") == '"e3b0c44298fc1c149afbf4c8996fb924"'


@pytest.mark.parametrize(
    ("tags", "strongly", "weakly"),
    [
        (ETAG, True, True),
        (f"W/{ETAG}", False, True),
        (f'"a", {ETAG}', True, True),
        (f'"a,b",W/{ETAG}', False, True),
        ('"a"', False, False),
        ("*", True, True),
    ],
)
def test_comparison(tags: str, strongly: bool, weakly: bool) -> None:
    assert matches_strongly(tags, ETAG) is strongly
    assert matches_weakly(tags, ETAG) is weakly


@pytest.mark.parametrize(
    ("tags", "etag", "strongly", "weakly"),
    [
        # RFC 9110, 8.8.3.2, where the server's own tag is strong
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
        ('W/"2"', '"1"', False, False),
        # RFC 9110, 13.1.1
        ('"xyzzy"', '"xyzzy"', True, True),
        ('"xyzzy", "r2d2xxxx", "c3piozzzz"', '"r2d2xxxx"', True, True),
        ('"xyzzy", "r2d2xxxx", "c3piozzzz"', '"r2d2"', False, False),
        # RFC 9110, 13.1.2
        ('W/"xyzzy"', '"xyzzy"', False, True),
        ('W/"xyzzy", W/"r2d2xxxx", W/"c3piozzzz"', '"c3piozzzz"', False, True),
    ],
)
def test_examples_of_rfc_9110(tags: str, etag: str, strongly: bool, weakly: bool) -> None:
    assert matches_strongly(tags, etag) is strongly
    assert matches_weakly(tags, etag) is weakly
