"""The two kinds of plots: rows of marks with their range, and curves over the rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tooling.benchmark.spread import Spread, in_words
from tooling.benchmark.svg import (
    DASHES,
    MARKS,
    Drawing,
    decades,
    linear,
    logarithmic,
    pushed_apart,
    ticks,
)

WIDE, NARROW = 720, 330
_LANE, _HEADING, _GAP, _AXIS = 22, 24, 10, 40
_NAMES = 92
_PANEL = 250


@dataclass(frozen=True)
class Lane:
    """One mark of a contestant with its range; index selects mark and dash, kind the colour."""

    name: str
    kind: str
    index: int
    value: Spread


@dataclass(frozen=True)
class Group:
    """Lanes under a heading, which may be empty."""

    heading: str
    lanes: Sequence[Lane]


@dataclass(frozen=True)
class Curve:
    """Times of one contestant over the rate."""

    name: str
    kind: str
    index: int
    points: Sequence[tuple[float, Spread]]


@dataclass(frozen=True)
class Words:
    """The texts of a plot: its name on the page, title, description, axis."""

    name: str
    title: str
    description: str
    axis: str


def rows(groups: Sequence[Group], words: Words, width: int) -> str:
    """Draw horizontal lines from 0 to the median, with a mark there and the range."""
    height = sum(_height(group) for group in groups) + _AXIS
    drawing = Drawing(width, height)
    highest = max(lane.value.high for group in groups for lane in group.lanes)
    steps = ticks(highest, 6 if width == WIDE else 4)
    right = width - 64
    to_x = linear(steps[-1], _NAMES, right)
    for step in steps:
        drawing.line(to_x(step), 4, to_x(step), height - _AXIS + 4, "grid")
        drawing.text(to_x(step), height - _AXIS + 14, in_words(step), "soft", "middle")
    drawing.text(_NAMES if width == WIDE else 0, height - 8, words.axis, "soft")
    y = 0.0
    for group in groups:
        if group.heading:
            drawing.text(0, y + _HEADING / 2, group.heading, "strong")
            y += _HEADING
        for lane in group.lanes:
            y += _LANE
            _draw_lane(drawing, lane, to_x, y - _LANE / 2)
        y += _GAP
    return drawing.render(f"{words.name}-{width}", words.title, words.description)


def curves(lines: Sequence[Curve], words: Words, width: int, limit: float) -> str:
    """Draw times over rates, both on logarithmic scales; the limit is a horizontal line."""
    drawing = Drawing(width, _PANEL)
    left, right, top, bottom = 44, width - 82, 12, _PANEL - _AXIS
    rates = [rate for line in lines for rate, _ in line.points]
    times = [each for line in lines for _, found in line.points for each in (found.low, found.high)]
    steps = decades(min(times), max(*times, limit))
    to_x = logarithmic(min(rates), max(rates), left + 6, right)
    to_y = logarithmic(steps[0], steps[-1], bottom, top)
    for step in steps:
        drawing.line(left, to_y(step), right, to_y(step), "grid")
        if len(steps) < 9 or f"{step:.6g}".lstrip("0.")[0] == "1":
            drawing.text(left - 6, to_y(step), in_words(step), "soft", "end")
    for rate in _spaced(sorted(set(rates)), to_x):
        drawing.text(to_x(rate), bottom + 14, in_words(rate), "soft", "middle")
    drawing.text(left if width == WIDE else 0, _PANEL - 8, words.axis, "soft")
    drawing.line(left, to_y(limit), right, to_y(limit), "limit", "3 3")
    drawing.text(left + 4, to_y(limit) - 9, f"{in_words(limit)} ms", "soft")
    for line in lines:
        _draw_curve(drawing, line, to_x, to_y)
    ends = [to_y(line.points[-1][1].median) for line in lines]
    for line, y in zip(lines, pushed_apart(ends, 15), strict=True):
        drawing.text(to_x(line.points[-1][0]) + 10, y, line.name, f"label {line.kind}")
    return drawing.render(f"{words.name}-{width}", words.title, words.description)


def _draw_lane(drawing: Drawing, lane: Lane, to_x: Callable[[float], float], y: float) -> None:
    value = lane.value
    drawing.text(0, y, lane.name)
    drawing.line(to_x(0), y, to_x(value.median), y, f"stem {lane.kind}", DASHES[lane.index])
    drawing.line(to_x(value.low), y, to_x(value.high), y, f"spread {lane.kind}")
    drawing.mark(to_x(value.median), y, MARKS[lane.index], f"mark {lane.kind}")
    after = max(to_x(value.high), to_x(value.median)) + 11
    drawing.text(after, y, in_words(value.median), "number")


def _draw_curve(
    drawing: Drawing, line: Curve, to_x: Callable[[float], float], to_y: Callable[[float], float]
) -> None:
    points = [(to_x(rate), to_y(found.median)) for rate, found in line.points]
    drawing.path(points, f"curve {line.kind}", DASHES[line.index])
    for (x, y), (_, found) in zip(points, line.points, strict=True):
        drawing.line(x, to_y(found.low), x, to_y(found.high), f"spread {line.kind}")
        drawing.mark(x, y, MARKS[line.index], f"mark {line.kind}")


def _height(group: Group) -> int:
    return (_HEADING if group.heading else 0) + len(group.lanes) * _LANE + _GAP


def _spaced(rates: Sequence[float], to_x: Callable[[float], float]) -> list[float]:
    """Return the rates that have room for their labels."""
    kept: list[float] = []
    for rate in rates:
        if not kept or to_x(rate) - to_x(kept[-1]) >= 34:
            kept.append(rate)
    return kept
