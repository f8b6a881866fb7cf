"""The noun that sentences use for the resource of a path."""

import pytest

from lockstep.explain.resource_context import noun_of


@pytest.mark.parametrize(
    ("path", "noun"),
    [
        ("/tasks/{id}/close", "task"),
        ("/time-entries/{entryId}", "time entry"),
        ("/shared/{token}", "token"),
        ("/public/{shareToken}", "share token"),
        ("/archived/{id}", "resource"),
        ("/feed/{id}", "feed"),
        ("/embeds/{id}", "embed"),
        ("/{slug}", "resource"),
        ("/{owner}/{name}", "resource"),
        ("/health", "resource"),
    ],
)
def test_a_resource_is_named_by_its_path(path: str, noun: str) -> None:
    assert noun_of(path) == noun
