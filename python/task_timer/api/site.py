"""The documentation site, loaded into memory at startup."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import Settings
from ..contract import Contract
from ..utils.json_text import JsonError, parse_json
from ..utils.logger import logger
from .answers import StaticFile, static_file

HTML = "text/html; charset=utf-8"
MISSING = b"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Task Timer</title>
<p>The site is not built yet: run <code>make docs</code>, and start the server again.</p>
</html>
"""


class SiteError(Exception):
    """The files do not satisfy `x-docs-site`."""


@dataclass(frozen=True, slots=True)
class SitePage:
    """A page, or a file that a page needs. policy: its Content-Security-Policy."""

    file: StaticFile
    policy: str


def load_site(settings: Settings, contract: Contract) -> dict[str, SitePage]:
    """Returns the pages by name; without a site, one that says how to build it."""
    rules = contract["x-docs-site"]
    try:
        if (settings.docs_path / rules["manifest"]).exists():
            return _read(settings, contract)
    except (OSError, JsonError, SiteError) as error:
        logger().warning("site_unreadable", reason=str(error))
    policy = contract["x-response-headers"]["Content-Security-Policy"]
    return {rules["index"]: SitePage(static_file(MISSING, HTML), policy)}


def _read(settings: Settings, contract: Contract) -> dict[str, SitePage]:
    rules, folder = contract["x-docs-site"], settings.docs_path
    data = (folder / rules["manifest"]).read_bytes()
    manifest = parse_json(data, contract["x-limits"]["json_depth"])
    validator = contract.reader.validator(rules["manifest_schema"], "response")
    for violation in validator.violations(manifest):
        raise SiteError(f"{rules['manifest']}: {violation.pointer} violates {violation.rule}")
    entries: Mapping[str, Any] = manifest["pages"]
    if _size(folder, entries) > rules["total_bytes"]:
        raise SiteError(f"the files exceed {rules['total_bytes']} bytes")
    source = rules["connect_source"]
    allowed = " ".join([source, *settings.cors_origins])
    return {
        name: SitePage(
            file=static_file((folder / name).read_bytes(), entry["media_type"]),
            policy=entry["content_security_policy"].replace(source, allowed),
        )
        for name, entry in entries.items()
    }


def _size(folder: Path, names: Iterable[str]) -> int:
    return sum((folder / name).stat().st_size for name in names)
