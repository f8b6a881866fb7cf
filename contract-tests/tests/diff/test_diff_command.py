"""`lockstep diff`: output, written files and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtures.diffs import document

from lockstep.cli import main

SHORT = document({"maxLength": 5}, description="a")
LONG = document({"maxLength": 9}, description="b")


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """A function that runs `lockstep diff` on two documents."""

    def compared(old: Any, new: Any, *options: str) -> Result:
        for name, content in (("old", old), ("new", new)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        names = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
        return CliRunner().invoke(main, ["diff", *names, *options])

    return compared


def test_breaking_changes_come_first_and_set_the_exit_code(run: Any) -> None:
    result = run(LONG, SHORT)
    assert result.exit_code == 1
    assert result.output.splitlines()[1:3] == [
        "  send, request body, application/json: maxLength was 9, is 5",
        "      #/paths/~1x~1{id}/post/requestBody/content/application~1json/schema/maxLength",
    ]
    assert result.output.endswith("1 breaking, 0 compatible, 1 silent (--all lists them)\n")
    assert "\x1b" not in result.output


def test_compatible_changes_exit_with_0(run: Any) -> None:
    result = run(SHORT, LONG, "--all")
    assert result.exit_code == 0
    assert "send: description changed" in result.output
    assert result.output.endswith("0 breaking, 1 compatible, 1 silent\n")


def test_identical_documents_report_no_changes(run: Any) -> None:
    assert run(SHORT, SHORT).output == "no changes\n"


def test_json_output(run: Any) -> None:
    result = run(LONG, SHORT, "--json", "-")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["counts"]) == (1, {"breaking": 1, "compatible": 0, "silent": 1})
    first = data["changes"][0]
    assert (first["effect"], first["rule"]) == ("breaking", "maxLength-narrower")
    assert first["where"] == ["send, request body, application/json"]


def test_strict_counts_new_property_of_a_closed_object_as_breaking(run: Any) -> None:
    closed = {"type": "object", "additionalProperties": False}
    documents = document(None, closed), document(None, closed | {"properties": {"a": {}}})
    assert run(*documents).exit_code == 0
    assert run(*documents, "--strict").exit_code == 1


@pytest.mark.parametrize("broken", [{"swagger": "1.2"}, document({"$ref": "#/nowhere"}), []])
def test_invalid_document_exits_with_2(run: Any, broken: Any) -> None:
    result = run(broken, broken)
    assert result.exit_code == 2
    assert result.stderr.startswith("lockstep: ")


def test_missing_document_exits_with_2(run: Any, tmp_path: Path) -> None:
    run(SHORT, SHORT)
    result = CliRunner().invoke(main, ["diff", str(tmp_path / "old.json"), "nowhere.yaml"])
    assert result.exit_code == 2
    assert "nowhere.yaml" in result.stderr


def test_swagger_2_is_compared_with_a_document_in_several_files(tmp_path: Path) -> None:
    name = {"maxLength": 9, "type": "string"}
    content = {"application/json": {"schema": {"$ref": "shared.json#/Name"}}}
    about: dict[str, Any] = {"title": "names", "version": "1"}
    given = {"in": "body", "name": "body", "required": True, "schema": name | {"maxLength": 4}}
    old = {"swagger": "2.0", "info": about, "consumes": ["application/json"]}
    old |= {"paths": {"/a": {"post": {"parameters": [given], "responses": {}}}}}
    new = {"openapi": "3.1.0", "info": about}
    new |= {"paths": {"/a": {"post": {"requestBody": {"required": True, "content": content}}}}}
    for file, data in (("shared", {"Name": name}), ("old", old), ("new", new)):
        (tmp_path / f"{file}.json").write_text(json.dumps(data))
    names = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
    result = CliRunner().invoke(main, ["diff", *names])
    assert "maxLength was 4, is 9" in result.output
    assert result.exit_code == 0
