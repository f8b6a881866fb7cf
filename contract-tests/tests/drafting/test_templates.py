"""Path templates drafted from recorded paths, and names of their parameters."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.captured import drafted, parameters, paths, seen

from lockstep.drafting import DraftError

ULIDS = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ")
UUID = "0b8f6a9e-3a54-4c2c-9d0e-6d1b0c7f5a11"
TASK = {"id": 1, "title": "x"}


def reads(*targets: str, answer: Any = TASK) -> list[Any]:
    return [seen(f"GET {target}", answer) for target in targets]


@pytest.mark.parametrize(
    ("one", "other", "schema"),
    [
        ("12", "1305", {"type": "integer"}),
        (UUID, UUID.replace("0b", "1c"), {"type": "string", "format": "uuid"}),
        (*ULIDS, {"type": "string"}),
        ("507f1f77bcf86cd799439011", "507f191e810c19729de860ea", {"type": "string"}),
        (
            "9f86d081884c7d659a2feaa0c55ad015",
            "e3b0c44298fc1c149afbf4c8996fb924",
            {"type": "string"},
        ),
        ("V1StGXR8_Z5jdHi6B-myT", "FyIKuc9sWqPPBhcWXzLPq7", {"type": "string"}),
        ("task_12", "task_907", {"type": "string"}),
        ("INV-0042", "INV-0043", {"type": "string"}),
        ("007", "012", {"type": "string"}),
        ("cus_9s6XKzkNRiz8i3", "cus_Na6dX7aXxi11N4", {"type": "string"}),
    ],
)
def test_generated_id_segments_are_a_parameter(
    one: str, other: str, schema: dict[str, str]
) -> None:
    made = drafted(*reads("/tasks", f"/tasks/{one}", f"/tasks/{other}"))
    assert paths(made) == ["/tasks", "/tasks/{taskId}"]
    assert parameters(made, "GET /tasks/{taskId}")["taskId"]["schema"] == schema


def test_single_id_is_a_parameter() -> None:
    assert paths(drafted(*reads("/users/8/tasks/77"))) == ["/users/{userId}/tasks/{taskId}"]


def test_date_and_email_segments_name_the_parameter() -> None:
    made = drafted(*reads("/reports/2026-01-31", "/reports/2026-02-28", "/invites/a%40b.test"))
    assert paths(made) == ["/invites/{email}", "/reports/{date}"]
    schema = parameters(made, "GET /reports/{date}")["date"]["schema"]
    assert schema == {"type": "string", "format": "date"}


def test_literal_segments_beside_a_parameter_are_kept() -> None:
    made = drafted(
        *reads("/users/1", "/users/22", "/users/me"),
        seen("GET /tasks/search?q=x", [TASK]),
        *reads("/tasks/3", "/tasks/4", "/v2/tasks"),
    )
    assert paths(made) == [
        *("/tasks/search", "/tasks/{taskId}", "/users/me", "/users/{userId}", "/v2/tasks")
    ]


def test_segment_found_in_bodies_is_a_parameter_named_like_the_property() -> None:
    made = drafted(
        seen("GET /articles", [{"slug": "whales", "title": "Whales"}]),
        seen("GET /articles/whales", {"slug": "whales", "title": "Whales"}),
        seen("GET /users/annabel", {"username": "annabel", "bio": ""}),
        seen("GET /users/annabel/tasks", []),
        seen("GET /users/active", [{"username": "annabel", "bio": ""}]),
    )
    assert paths(made) == [
        *("/articles", "/articles/{slug}", "/users/active"),
        *("/users/{username}", "/users/{username}/tasks"),
    ]


def test_words_with_equal_responses_are_a_parameter() -> None:
    words = ("blue", "green", "red", "ochre", "sepia")
    made = drafted(*(seen(f"GET /colours/{word}", {"hex": "#fff", "wheel": 2}) for word in words))
    assert paths(made) == ["/colours/{colourId}"]


def test_words_with_different_responses_are_literal() -> None:
    things: dict[str, Any] = {
        "users": [{"id": 1, "mail": "x"}],
        "jobs": [{"id": 1, "runs": 3}],
        "logs": [{"at": 1, "line": "x"}],
        "flags": {"dark": True, "beta": False},
        "queues": [],
    }
    made = drafted(*(seen(f"GET /settings/{word}", answer) for word, answer in things.items()))
    assert paths(made) == sorted(f"/settings/{word}" for word in things)


def test_segment_answered_with_404_belongs_to_the_parameter() -> None:
    made = drafted(*reads("/tasks/1", "/tasks/2"), seen("GET /tasks/nonsense", {}, 404))
    assert paths(made) == ["/tasks/{taskId}"]
    assert parameters(made, "GET /tasks/{taskId}")["taskId"]["schema"] == {"type": "integer"}


def test_log_without_bodies_needs_more_words_for_a_parameter() -> None:
    words = [f"{a}{b}" for a in ("ba", "ke", "lo") for b in ("nan", "ril", "tus")]
    made = drafted(*(seen(f"GET /products/{word}", partial=True) for word in words))
    assert paths(made) == ["/products/{productId}"]
    assert len(paths(drafted(*(seen(f"GET /{word}", partial=True) for word in words)))) == 9


def test_configured_paths_are_used() -> None:
    made = drafted(
        *reads("/files/readme", "/files/licence", "/files/recent", "/files/readme/versions"),
        paths=("/files/{name}", "/files/recent"),
    )
    assert paths(made) == ["/files/recent", "/files/{name}", "/files/{name}/versions"]


def test_configured_path_may_include_the_base_path() -> None:
    made = drafted(
        *reads("/api/v1/files/readme", "/api/v1/files/licence"), paths=("/api/v1/files/{name}",)
    )
    assert paths(made) == ["/files/{name}"]


def test_configured_path_without_requests_is_reported() -> None:
    made = drafted(*reads("/files/a"), paths=("/foils/{name}",))
    assert made.notes == ["no recorded request is at /foils/{name}"]


@pytest.mark.parametrize("text", ["files/{name}", "/files/{name", "/files/{a}/{a}", "/f{x}"])
def test_invalid_configured_path_is_rejected(text: str) -> None:
    with pytest.raises(DraftError, match="--path"):
        drafted(*reads("/files/a"), paths=(text,))


def test_parameter_names_of_one_path_are_unique() -> None:
    made = drafted(*reads("/repos/12/34", "/repos/13/35"))
    assert paths(made) == ["/repos/{repoId}/{repoId2}"]


def test_top_level_ids_and_ids_with_a_file_extension() -> None:
    assert paths(drafted(*reads("/1/tasks.json", "/2/tasks.json"))) == ["/{id}/tasks.json"]
    assert paths(drafted(*reads("/tasks/1.json", "/tasks/2.json"))) == ["/tasks/{taskId}"]
