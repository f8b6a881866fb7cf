"""Bounds and origins are read from the sentences of descriptions."""

from __future__ import annotations

import pytest

from lockstep.openapi.prose import Count, counts_in, origins_in, sizes_in


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("up to 262144 bytes (256 KiB) inclusive, not empty", [262_144]),
        ("Files of up to 200 kB.", [200_000, 204_800]),
        ("at most 1 MB", [1_000_000, 1_048_576]),
        ("65,536 bytes", [65_536]),
        ("A body over 1 MiB is a 413.", [1_048_576]),
        # Larger than what is worth sending.
        ("at most 5 GiB, 100 MB", []),
        ("takes 3 boxes; version 2.5 MBps", []),
    ],
)
def test_sizes_are_read_in_bytes(text: str, sizes: list[int]) -> None:
    assert sizes_in(text) == sizes


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("At most 20 tags, each up to 30 characters.", [(20, "tags"), (30, "characters")]),
        ("a note has at most 20 tags, of 1 to 30 characters", [(20, "tags"), (30, "characters")]),
        ("no more than 7 days", [(7, "days")]),
        ("limited to 50", [(50, "")]),
        ("up to 256 KiB", []),
        ("from 9 to 17:30, and 1.5 times", []),
        ("the 3 largest", []),
    ],
)
def test_counts_are_read_with_their_units(text: str, counts: list[tuple[int, str]]) -> None:
    assert list(counts_in(text)) == [Count(*count) for count in counts]


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        (
            "the console at `https://console.depot.example` calls it",
            ["https://console.depot.example"],
        ),
        (
            "from https://a.example, or http://localhost:5173.",
            ["https://a.example", "http://localhost:5173"],
        ),
        ("`https://a.example/problems/` and the name; see https://b.example/docs", []),
        ("our site: https://a.example/", ["https://a.example"]),
    ],
)
def test_origins_are_urls_without_a_path(text: str, origins: list[str]) -> None:
    assert origins_in(text) == origins
