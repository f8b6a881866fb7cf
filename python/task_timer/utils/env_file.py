"""Files of environment variables, as libraries of both runtimes read them alike."""

import re
from pathlib import Path

from dotenv import load_dotenv

# What is odd has quotes around it, and neither quotes nor backslashes in it: of `A=b#c`, `A="b\tc"`
# or `A=b\` each library makes something else.
_WORD = r"[!$-&(-\[\]-_a-~]+"
_VALUE = rf"(?:{_WORD}(?: +{_WORD})*)?|'[^'\\\r\ufffd]*'|\"[^\"\\\r\ufffd]*\""
_LINE = re.compile(
    r"[ \t]*(?:#[^\r\ufffd]*)?|"
    rf"(?:export )?[A-Za-z_][A-Za-z0-9_]*=(?:{_VALUE})(?:[ \t]+#[^\r\ufffd]*)?[ \t]*"
)


def read_env_file(path: Path) -> list[str]:
    """Adds the variables of a file, if there is one, to those that are set; or lists its faults."""
    if not path.is_file():
        return []
    lines = path.read_bytes().decode(errors="replace").replace("\r\n", "\n").split("\n")
    faults = [
        f"{path.name}: line {number} must look like NAME=value"
        for number, line in enumerate(lines, 1)
        if not _LINE.fullmatch(line)
    ]
    if not faults:
        load_dotenv(path, override=False, interpolate=False, encoding="utf-8")
    return faults
