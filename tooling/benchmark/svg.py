"""The shapes of plots. Colours come from the page, by classes `s-<contestant>`."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

# A mark and a dash for each contestant, so that plots do not depend on colour alone.
MARKS = ("circle", "square", "triangle", "diamond", "cross", "wedge", "left", "right")
DASHES = ("", "7 4", "2 3", "10 3 2 3", "4 4", "1 4", "12 4", "6 2 1 2")
_SIZE = 5.0


@dataclass
class Drawing:
    """An image under construction, in pixels; text is 12 px."""

    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str, dash: str = "") -> None:
        """Draw a straight line with a class."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
            f' class="{kind}"{dashed}/>'
        )

    def path(self, points: Sequence[tuple[float, float]], kind: str, dash: str = "") -> None:
        """Draw lines from point to point."""
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<polyline points="{steps}" class="{kind}"{dashed}/>')

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Draw text, vertically centred at y."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}" class="{kind}">'
            f"{escape(words)}</text>"
        )

    def mark(self, x: float, y: float, mark: str, kind: str) -> None:
        """Draw one of MARKS around a point."""
        if mark == "circle":
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_SIZE}" class="{kind}"/>')
        else:
            corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in _corners(mark))
            self.parts.append(f'<polygon points="{corners}" class="{kind}"/>')

    def render(self, name: str, title: str, description: str) -> str:
        """Return the image as an element; name must be unique on the page."""
        return f"<svg {self._begun(name, title, description)}{''.join(self.parts)}</svg>"

    def file(self, name: str, title: str, description: str, style: str) -> str:
        """Return the image as a file, with a background defined by its style."""
        begun = self._begun(name, title, description)
        ground = f'<rect width="{self.width}" height="{self.height}" rx="6" class="ground"/>'
        parts = "\n".join([f"<style>\n{style}</style>", ground, *self.parts])
        return f'<svg xmlns="http://www.w3.org/2000/svg" {begun}\n{parts}\n</svg>\n'

    def _begun(self, name: str, title: str, description: str) -> str:
        return (
            f'role="img" viewBox="0 0 {self.width} {self.height}" width="{self.width}"'
            f' height="{self.height}" aria-labelledby="{name}-title {name}-description">'
            f'<title id="{name}-title">{escape(title)}</title>'
            f'<desc id="{name}-description">{escape(description)}</desc>'
        )


def ticks(highest: float, most: int = 6) -> list[float]:
    """Return round numbers from 0 to the first one that is not below the highest."""
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough)
    return [step * number for number in range(math.ceil(highest / step - 1e-9) + 1)]


def decades(lowest: float, highest: float) -> list[float]:
    """Return 1, 2, 5, 10, 20, ... from the last one not above the lowest to the first not below."""
    exponents = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    steps = [digit * 10.0**exponent for exponent in exponents for digit in (1, 2, 5)]
    first = max(step for step in steps if step <= lowest * (1 + 1e-9))
    last = min(step for step in steps if step >= highest * (1 - 1e-9))
    return [step for step in steps if first <= step <= last]


def linear(highest: float, start: float, end: float) -> Callable[[float], float]:
    """Return a scale that maps values from 0 to the highest to positions."""
    return lambda value: start + value / highest * (end - start)


def logarithmic(
    lowest: float, highest: float, start: float, end: float
) -> Callable[[float], float]:
    """Return a logarithmic scale that maps values from the lowest to positions."""
    width = math.log(highest / lowest) or 1.0
    return lambda value: start + math.log(value / lowest) / width * (end - start)


def pushed_apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Return positions near the wanted ones, at least a gap apart, in the given order."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = list(wanted)
    for _ in range(len(order)):
        for above, below in itertools.pairwise(order):
            missing = gap - (placed[below] - placed[above])
            if missing > 0:
                placed[above] -= missing / 2
                placed[below] += missing / 2
    return placed


def _corners(mark: str) -> list[tuple[float, float]]:
    size = _SIZE
    third = size / 2.5
    return {
        "square": [(-size, -size), (size, -size), (size, size), (-size, size)],
        "triangle": [(0, -size - 1), (size + 1, size), (-size - 1, size)],
        "wedge": [(0, size + 1), (size + 1, -size), (-size - 1, -size)],
        "left": [(-size - 1, 0), (size, -size - 1), (size, size + 1)],
        "right": [(size + 1, 0), (-size, size + 1), (-size, -size - 1)],
        "diamond": [(0, -size - 2), (size + 2, 0), (0, size + 2), (-size - 2, 0)],
        "cross": [
            (-third, -size),
            (third, -size),
            (third, -third),
            (size, -third),
            (size, third),
            (third, third),
            (third, size),
            (-third, size),
            (-third, third),
            (-size, third),
            (-size, -third),
            (-third, -third),
        ],
    }[mark]
