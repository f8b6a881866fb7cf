"""Older contracts are found by Git revision or file name."""

from pathlib import Path

import pytest

from testbed.paths import CONTRACT
from tooling.overview.contract_diff import RevisionError, older_contract


def test_contract_of_a_revision() -> None:
    assert older_contract("HEAD").read_bytes().startswith(b"openapi: 3.1")


def test_contract_of_a_file() -> None:
    assert older_contract(str(CONTRACT)) == Path(CONTRACT)


def test_unknown_revision_is_rejected() -> None:
    with pytest.raises(RevisionError, match="nowhere"):
        older_contract("nowhere")
