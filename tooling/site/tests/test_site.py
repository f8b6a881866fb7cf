"""The site is complete: pages, links, operations, schemas, error codes and traps."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest

from lockstep.openapi.loading import load_yaml
from testbed.contract import STORIES, TRAPS
from testbed.paths import CONTRACT
from tooling.site import mirror, traps
from tooling.site.build import write_site
from tooling.site.document import raw_operations
from tooling.site.errors import catalogue, shown_by_stories
from tooling.site.page import NAVIGATION

# Paths that servers handle besides the pages.
OUTSIDE = {"../openapi.yaml"}
DOCUMENT = load_yaml(CONTRACT.read_text(encoding="utf-8"))


class Links(HTMLParser):
    """The IDs of a page and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            elif name in ("href", "src") and value:
                self.found.append(value)


@pytest.fixture(scope="module")
def files(site: Path) -> dict[str, bytes]:
    """The files of the site, except for the manifest."""
    return {path.name: path.read_bytes() for path in site.iterdir() if path.suffix != ".json"}


@pytest.fixture(scope="module")
def links(files: dict[str, bytes]) -> dict[str, Links]:
    """The links of each page."""
    return {name: Links(text.decode()) for name, text in files.items() if name.endswith(".html")}


def test_navigation_links_to_every_kind_of_page(files: dict[str, bytes]) -> None:
    others = {name for name in files if name.endswith(".html") and not name.startswith("mirror-")}
    assert others == {entry.file for entry in NAVIGATION}


def test_every_link_resolves(links: dict[str, Links], files: dict[str, bytes]) -> None:
    assert sorted(dead_links(links, files)) == []


def dead_links(links: dict[str, Links], files: dict[str, bytes]) -> Iterator[str]:
    """Links to missing files or fragments."""
    for name, page in links.items():
        for link in page.found:
            file, place = urldefrag(urljoin(name, link))
            # Swagger UI creates these fragments itself.
            if link in OUTSIDE or link.startswith("data:") or place.startswith("/"):
                continue
            if file not in files or (place and unquote(place) not in links[file].ids):
                yield f"{name}: {link}"


def test_ids_of_a_page_are_unique(links: dict[str, Links]) -> None:
    doubled = {
        name: sorted({each for each in page.ids if page.ids.count(each) > 1})
        for name, page in links.items()
    }
    assert {name: ids for name, ids in doubled.items() if ids} == {}


def test_reference_has_every_operation_and_schema(links: dict[str, Links]) -> None:
    ids = set(links["reference.html"].ids)
    assert {operation["operationId"] for *_, operation in raw_operations(DOCUMENT)} <= ids
    assert {f"schema-{name}" for name in DOCUMENT["components"]["schemas"]} <= ids


def test_every_operation_has_its_samples(files: dict[str, bytes]) -> None:
    page = files["reference.html"].decode()
    count = len(list(raw_operations(DOCUMENT)))
    for language in ("curl", "python", "node"):
        assert page.count(f'class="sample" data-language="{language}"') == count


def test_every_error_code_has_a_section(links: dict[str, Links]) -> None:
    assert set(DOCUMENT["x-errors"]) <= set(links["errors.html"].ids)


def test_error_codes_list_the_operations_of_the_stories() -> None:
    given = {each.code: each.operations for each in catalogue(DOCUMENT, shown_by_stories(STORIES))}
    assert given["invalid_credentials"] == ("logIn",)
    assert given["wrong_password"] == ("updateCurrentUser", "deleteCurrentUser")
    assert given["path_not_found"] == ()
    keyed = [
        operation["operationId"]
        for *_, operation in raw_operations(DOCUMENT)
        if "IdempotencyKey" in json.dumps(operation)
    ]
    assert sorted(given["idempotency_key_reused"]) == sorted(keyed)


def test_every_trap_is_on_the_page(links: dict[str, Links]) -> None:
    wanted = {entry.anchor for area in traps.areas(TRAPS) for entry in area.entries}
    assert wanted <= set(links["traps.html"].ids)


def test_non_utf_8_bytes_are_shown_as_escapes() -> None:
    assert traps.readable("é".encode().decode("latin-1")) == "é"
    assert traps.readable("a\xff") == "a\\xff"


def test_mirror_page_shows_both_files_completely() -> None:
    for pair in mirror.pairs():
        if pair.page and pair.python and pair.node:
            rows = mirror.rows(pair)
            assert "".join(row.python for row in rows) == pair.python.source
            assert "".join(row.node for row in rows) == pair.node.source


def test_mirrored_functions_are_shown_side_by_side() -> None:
    pair = next(pair for pair in mirror.pairs() if pair.name == "services/task_service")
    row = next(row for row in mirror.rows(pair) if row.name == "create_task")
    assert "def create_task(" in row.python
    assert "function createTask(" in row.node


def test_old_files_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("old")
    files = write_site(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*files, "site.json"}
