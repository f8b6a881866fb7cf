"""The picture of a swap: response times, responding servers, and the moves over time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tooling.benchmark.spread import in_words
from tooling.benchmark.svg import DASHES, Drawing, decades, linear, logarithmic, ticks

WIDTH = 900
_LEFT, _RIGHT = 56, WIDTH - 70
_TIMES = (20, 250)
_WHO = (300, 430)
_AXIS = 452
_HEIGHT = 480
_TITLE = "Response times while Python and Node are swapped"


def picture(data: Mapping[str, Any]) -> Drawing:
    """Draw the picture; data comes from `verdict.figures`."""
    drawing = Drawing(WIDTH, _HEIGHT)
    seconds = max(1.0, data["seconds"])
    to_x = linear(seconds, _LEFT, _RIGHT)
    _draw_moves(drawing, data["moves"], to_x)
    _draw_times(drawing, data["series"], to_x)
    _draw_who(drawing, data["series"], to_x)
    for step in ticks(seconds, 9):
        if step <= seconds:
            drawing.text(to_x(step), _AXIS, in_words(step), "soft", "middle")
    drawing.text(_LEFT, _AXIS + 18, "seconds", "soft")
    return drawing


def render(data: Mapping[str, Any]) -> str:
    """Return the picture for a page."""
    return picture(data).render("swap", _TITLE, _description(data))


def svg_file(data: Mapping[str, Any], style: str) -> str:
    """Return the picture as a file."""
    return picture(data).file("swap", _TITLE, _description(data), style)


def _description(data: Mapping[str, Any]) -> str:
    moves = "; ".join(f"{move['what']} at {move['begin']:.0f} s" for move in data["moves"])
    times = data["milliseconds"]
    return f"p50 {times['p50']:.1f} ms, p99 {times['p99']:.1f} ms over all. Moves: {moves}."


def _draw_moves(
    drawing: Drawing, moves: Sequence[Mapping[str, Any]], to_x: Callable[[float], float]
) -> None:
    """Draw a band for moves that take time, a line for others, and the number of each."""
    for number, move in enumerate(moves, 1):
        begin, end = to_x(move["begin"]), to_x(move["end"])
        if end - begin > 3:
            drawing.path([(begin, _TIMES[0]), (end, _TIMES[0])], "band")
            drawing.line(end, _TIMES[0], end, _WHO[1], "move", DASHES[5])
        drawing.line(begin, _TIMES[0], begin, _WHO[1], "move", DASHES[2])
        drawing.text(begin, _TIMES[0] - 10, str(number), "soft", "middle")


def _draw_times(
    drawing: Drawing, series: Sequence[Mapping[str, Any]], to_x: Callable[[float], float]
) -> None:
    times = [max(0.1, each[name]) for each in series for name in ("p50", "p99")]
    steps = decades(min(times), max(times))
    to_y = logarithmic(steps[0], steps[-1], _TIMES[1], _TIMES[0])
    for step in steps:
        drawing.line(_LEFT, to_y(step), _RIGHT, to_y(step), "grid")
        drawing.text(_LEFT - 8, to_y(step), in_words(step), "soft", "end")
    drawing.text(_LEFT, _TIMES[1] + 20, "milliseconds, of each second", "soft")
    for name, dash in (("p50", DASHES[1]), ("p99", DASHES[0])):
        points = [(to_x(each["second"] + 0.5), to_y(max(0.1, each[name]))) for each in series]
        drawing.path(points, f"curve s-{name}", dash)
        drawing.text(_RIGHT + 8, points[-1][1], name, f"label s-{name}")
    for each in series:
        if each["wrong"]:
            drawing.mark(to_x(each["second"] + 0.5), _TIMES[1] - 6, "cross", "mark s-wrong")


def _draw_who(
    drawing: Drawing, series: Sequence[Mapping[str, Any]], to_x: Callable[[float], float]
) -> None:
    steps = ticks(max(each["requests"] for each in series), 4)
    to_y = linear(steps[-1], _WHO[1], _WHO[0])
    for step in steps:
        drawing.line(_LEFT, to_y(step), _RIGHT, to_y(step), "grid")
        drawing.text(_LEFT - 8, to_y(step), in_words(step), "soft", "end")
    drawing.text(_LEFT, _WHO[0] - 14, "requests per second, by runtime", "soft")
    for index, name in enumerate(("python", "node")):
        points = [(to_x(each["second"] + 0.5), to_y(each[name])) for each in series]
        drawing.path(points, f"curve s-{name}", DASHES[index])
        at = _WHO[1] - 10 if name == "python" else _WHO[0] + 14
        drawing.text(_RIGHT + 8, at, name.capitalize(), f"label s-{name}")
