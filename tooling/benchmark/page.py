"""Renders the page from compare.json: one file without external resources."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tooling.benchmark.figures import Figures
from tooling.benchmark.parts import NAMES, Table
from tooling.benchmark.sections import sections
from tooling.benchmark.spread import in_words
from tooling.benchmark.verdict import MEGA, RUNTIMES, verdict

_TEMPLATES = Path(__file__).with_name("templates")
_STYLES = ("palette.css", "plots.css", "compare.css")


def render(data: Mapping[str, Any]) -> str:
    """Return the page as HTML; data matches compare.schema.json."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(("html.j2",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = Figures(data)
    return environment.get_template("compare.html.j2").render(
        data=data,
        style=Markup(_style()),
        verdict=verdict(figures),
        sections=list(sections(figures)),
        size=_size(figures),
        lines=_lines(figures),
        runtimes=RUNTIMES,
        machine=_machine(data),
        svg=Markup,
        names=NAMES,
        in_words=in_words,
    )


def _style() -> str:
    return "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in _STYLES)


def _size(figures: Figures) -> Table:
    """Return packages and sizes of the contestants that have their own."""
    rows = []
    for name in figures.names:
        found = figures.of(name)["packages"]
        if found is not None:
            megabytes = in_words(found["bytes"] * MEGA)
            rows.append([NAMES[name], str(found["direct"]), str(found["all"]), megabytes])
    return Table(["server", "direct packages", "all packages", "installed, MB"], rows)


def _lines(figures: Figures) -> Table:
    """Return lines by layer, with a column for each contestant that has any."""
    counted = {name: figures.of(name)["lines"] for name in figures.names}
    named = [name for name, lines in counted.items() if lines]
    layers = dict.fromkeys(layer for name in named for layer in counted[name])
    rows = [
        [
            layer,
            *(
                in_words(counted[name][layer], 6) if layer in counted[name] else ""
                for name in named
            ),
        ]
        for layer in layers
    ]
    total = ["together", *(in_words(sum(counted[name].values()), 6) for name in named)]
    return Table(["layer", *(NAMES[name] for name in named)], [*rows, total])


def _machine(data: Mapping[str, Any]) -> str:
    machine = data["machine"]
    memory = in_words(machine["memory_bytes"] / 2**30)
    return f"{machine['processor']}, {machine['cores']} cores, {memory} GiB, {machine['system']}"
