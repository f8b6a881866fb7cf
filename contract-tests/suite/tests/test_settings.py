"""Both twins read the settings of .env.example, and no others."""

import re
from pathlib import Path

import pytest

from testbed.paths import NODE, PYTHON, ROOT

LISTED = re.compile(r"^#?([A-Z_]+)=", re.MULTILINE)
# Quoted names of more than one letter: `"PORT"`, not `"A"`.
READ = re.compile(r"""["']([A-Z][A-Z]+(?:_[A-Z]+)*)["']""")


@pytest.mark.parametrize("config", [PYTHON / "task_timer/config.py", NODE / "src/config.ts"])
def test_listed_settings_are_the_ones_that_are_read(config: Path) -> None:
    listed = set(LISTED.findall((ROOT / ".env.example").read_text(encoding="utf-8")))
    assert set(READ.findall(config.read_text(encoding="utf-8"))) == listed
