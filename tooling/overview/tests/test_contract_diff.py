"""Older contracts are found by revision of git, or as files."""

from pathlib import Path

import pytest

from testbed.paths import CONTRACT
from tooling.overview.contract_diff import RevisionError, older_contract


def test_a_revision_has_a_contract() -> None:
    assert older_contract("HEAD").read_bytes().startswith(b"openapi: 3.1")


def test_a_file_is_taken_as_it_is() -> None:
    assert older_contract(str(CONTRACT)) == Path(CONTRACT)


def test_an_unknown_revision_is_told() -> None:
    with pytest.raises(RevisionError, match="nowhere"):
        older_contract("nowhere")
