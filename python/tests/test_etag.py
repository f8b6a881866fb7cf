import pytest

from task_timer.utils.etag import make_etag, matches_strongly, matches_weakly

ETAG = make_etag(b"body")


def test_an_etag_is_half_of_the_sha256() -> None:
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
