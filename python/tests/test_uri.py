import pytest

from task_timer.utils.uri import UriError, decode, encode, parse_query, route_path, split_target


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("/a?b=c?d", ("/a", "b=c?d")),
        ("http://host:1/a?b", ("/a", "b")),
        ("http://host", ("/", "")),
        ("http://host?a=b", ("/", "a=b")),
        ("//a", ("//a", "")),
        ("/a?b=http://c/d", ("/a", "b=http://c/d")),
        ("http://host/http://a/b", ("/http://a/b", "")),
    ],
)
def test_targets_are_split(target: str, parts: tuple[str, str]) -> None:
    assert split_target(target) == parts


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/%61%2fb/c?d", "/a%2Fb/c"),
        ("//a/./", "//a/./"),
        ("/é!", "/%C3%A9%21"),
        ("/%zz", ""),
        ("/%00", ""),
        ("/a#b", ""),
    ],
)
def test_path_is_normalised(target: str, path: str) -> None:
    assert route_path(target) == path


def test_fragment_is_rejected() -> None:
    with pytest.raises(UriError):
        split_target("/a#b")


@pytest.mark.parametrize("text", ["%ff", "%zz", "%", "%0", "%00", "%c3%28", "%ed%a0%80"])
def test_invalid_percent_encoding_is_rejected(text: str) -> None:
    with pytest.raises(UriError):
        decode(text)


def test_queries_are_parsed() -> None:
    query = "a=1+2&&b&=c&a=%2B&d=e=f&"
    assert parse_query(query) == [("a", "1 2"), ("b", ""), ("", "c"), ("a", "+"), ("d", "e=f")]


def test_all_but_unreserved_characters_are_encoded() -> None:
    assert encode("aZ9-._~ !'()*é") == "aZ9-._~%20%21%27%28%29%2A%C3%A9"
