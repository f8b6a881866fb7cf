"""The picture of a comparison: one SVG file, narrow enough for phones, for light and dark mode."""

from collections.abc import Callable
from pathlib import Path

from testbed.servers import KINDS
from tooling.benchmark.summary import Figure, Summary
from tooling.benchmark.svg import DASHES, MARKS, Drawing
from tooling.benchmark.verdict import RUNTIMES

WIDTH = 344
_STYLES = ("palette.css", "plots.css")
_TEMPLATES = Path(__file__).with_name("templates")
_LEFT, _NAMES, _RIGHT = 12, 72, 280
_HEADING, _LANE, _GAP, _EDGE = 22, 20, 8, 10


def picture(summary: Summary) -> str:
    """Draw each figure of both twins on its own scale, from 0 to the highest round."""
    height = 2 * _EDGE + sum(_height() for _ in summary.figures) + _LANE
    drawing = Drawing(WIDTH, height)
    y = float(_EDGE)
    for figure in summary.figures:
        _draw(drawing, figure, y)
        y += _height()
    caption = f"{summary.made_at[:10]}, {summary.machine['cores']} cores, median of"
    drawing.text(_LEFT, y + _LANE / 2, f"{caption} {summary.rounds} rounds", "soft")
    title = "What Python and Node cost for the same behaviour"
    return drawing.file("compare", title, described(summary), _style())


def described(summary: Summary) -> str:
    """Return a text alternative of the picture."""
    return " ".join(
        f"{figure.title}: Python {figure.words('python')}, Node {figure.words('node')}."
        for figure in summary.figures
    )


def _draw(drawing: Drawing, figure: Figure, y: float) -> None:
    drawing.text(_LEFT, y + _HEADING / 2, figure.title, "strong")
    drawing.text(WIDTH - _LEFT, y + _HEADING / 2, f"{figure.better} is better", "soft", "end")
    to_x = _scale(max(each.high for each in figure.twins.values()))
    for index, kind in enumerate(KINDS):
        value, middle = figure.twins[kind], y + _HEADING + _LANE * (index + 0.5)
        drawing.text(_LEFT, middle, RUNTIMES[kind])
        drawing.line(_NAMES, middle, to_x(value.median), middle, f"stem s-{kind}", DASHES[index])
        drawing.line(to_x(value.low), middle, to_x(value.high), middle, f"spread s-{kind}")
        drawing.mark(to_x(value.median), middle, MARKS[index], f"mark s-{kind}")
        after = max(to_x(value.high), to_x(value.median)) + 11
        drawing.text(after, middle, figure.words(kind), "number")


def _height() -> int:
    return _HEADING + len(KINDS) * _LANE + _GAP


def _scale(highest: float) -> Callable[[float], float]:
    return lambda value: _NAMES + value / highest * (_RIGHT - _NAMES)


def _style() -> str:
    return "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in _STYLES)
