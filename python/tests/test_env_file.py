""".env files are read as in the other twin."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from task_timer.config import REPOSITORY
from task_timer.utils.env_file import read_env_file

LINES = yaml.safe_load((REPOSITORY / "contract-tests/env-lines.yaml").read_bytes())


@pytest.mark.parametrize("case", LINES, ids=lambda case: repr(case["line"]))
def test_line_is_read_as_in_the_other_twin(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that it is deleted afterwards.
    monkeypatch.setenv("A", "")
    del os.environ["A"]
    path = tmp_path / ".env"
    path.write_bytes(case["line"].encode())
    faults = read_env_file(path)
    assert os.environ.get("A") == case.get("value")
    assert bool(faults) == ("value" not in case)


def test_variables_that_are_set_take_precedence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "")
    path = tmp_path / ".env"
    path.write_text("A=b")
    assert read_env_file(path) == []
    assert os.environ["A"] == ""


def test_errors_do_not_contain_values(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=b\nSECRET=its value\\\n\xff\n")
    assert read_env_file(path) == [
        ".env: line 2 must look like NAME=value",
        ".env: line 3 must look like NAME=value",
    ]
    assert "A" not in os.environ
    assert read_env_file(tmp_path / "none") == []
