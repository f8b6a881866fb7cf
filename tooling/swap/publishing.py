"""Writes the results of a swap: swap.json, swap.svg and swap.html."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from testbed.paths import BENCHMARK
from tooling.benchmark.spread import in_words
from tooling.swap import picture

_TEMPLATES = Path(__file__).with_name("templates")
_SHARED = BENCHMARK / "templates"


def publish(data: Mapping[str, Any], folder: Path) -> Path:
    """Write the files; return the page. data comes from `verdict.figures`, with metadata."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(data, indent=1, ensure_ascii=False)
    (folder / "swap.json").write_text(f"{text}\n", encoding="utf-8")
    style = _style("palette.css", "plots.css", "swap.css")
    (folder / "swap.svg").write_text(picture.svg_file(data, style), encoding="utf-8")
    page = folder / "swap.html"
    page.write_text(render(data), encoding="utf-8")
    return page


def render(data: Mapping[str, Any]) -> str:
    """Return the page as HTML, without external resources."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(("html.j2",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("swap.html.j2").render(
        data=data,
        style=Markup(_style("palette.css", "plots.css", "compare.css", "swap.css")),
        picture=Markup(picture.render(data)),
        in_words=in_words,
    )


def _style(*names: str) -> str:
    folders = {name: _TEMPLATES if (_TEMPLATES / name).exists() else _SHARED for name in names}
    return "".join((folder / name).read_text(encoding="utf-8") for name, folder in folders.items())
