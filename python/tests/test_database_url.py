"""Database URLs have the same parts as in the other twin."""

from dataclasses import asdict
from typing import Any

import pytest
import yaml

from task_timer.config import REPOSITORY
from task_timer.utils.database_url import parse_database_url

URLS = yaml.safe_load((REPOSITORY / "contract-tests/database-urls.yaml").read_bytes())


@pytest.mark.parametrize("case", URLS, ids=lambda case: case["url"])
def test_url_has_the_same_parts_as_in_the_other_twin(case: dict[str, Any]) -> None:
    assert asdict(parse_database_url(case["url"])) == case["parts"]
