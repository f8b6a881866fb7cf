"""The formats of a warrant: JSON for machines, HTML and Markdown for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lockstep.report.html import page
from lockstep.report.markdown import prose
from lockstep.warrant.model import CATEGORIES, Route, Warrant
from lockstep.warrant.reading import json_text

# Maximum number of names for each category in Markdown.
_NAMED = 8
_TITLES = {
    "parameters": "parameters",
    "values": "values",
    "request_members": "request members",
    "media_types": "media types",
    "credentials": "credentials",
    "statuses": "statuses",
    "response_members": "response members",
}


def html_text(warrant: Warrant) -> str:
    """Return the warrant as a self-contained HTML page."""
    return page(
        "lockstep.warrant",
        "warrant.html.j2",
        warrant=warrant,
        total=warrant.total,
        headline=headline(warrant),
        latency=lambda route: list(latency_lines(warrant, route)),
        unseen=lambda route: list(unseen_lines(route, most=None)),
        not_judged=lambda route: list(not_judged(route)),
    )


def markdown_text(warrant: Warrant) -> str:
    """Return the warrant as a table of routes, with divergences and uncovered parts."""
    return "\n".join(_lines(warrant)) + "\n"


FORMS: Mapping[str, Callable[[Warrant], str]] = {
    ".json": json_text,
    ".html": html_text,
    ".md": markdown_text,
}


def write(warrant: Warrant, path: Path) -> None:
    """Write a warrant in the format of the file's suffix; missing folders are created.

    Raises `OSError` if that fails, and `ValueError` for other suffixes.
    """
    check_ending(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FORMS[path.suffix](warrant), encoding="utf-8")


def check_ending(path: Path) -> None:
    """Raise `ValueError` for a file whose suffix is not that of a format."""
    if path.suffix not in FORMS:
        raise ValueError(f"{path}: a warrant is written as {', '.join(FORMS)}")


def headline(warrant: Warrant) -> str:
    """Return a sentence on all routes, with the number of those that were compared."""
    documented = [each for each in warrant.routes if each.documented]
    compared = sum(bool(each.compared) for each in documented)
    return f"{warrant.total.sentence}; {compared} of {len(documented)} routes compared"


def latency_lines(warrant: Warrant, route: Route) -> Iterator[str]:
    """Yield the latency of each target, and its ratio to the reference."""
    for name in warrant.targets:
        latency = route.latency.get(name)
        if latency is None or not latency.count:
            continue
        p50, p99 = (_ms(latency.quantile(share)) for share in (0.5, 0.99))
        ratio = warrant.ratio(route, name) if name != warrant.targets[0] else None
        yield f"{name}: p50 {p50}, p99 {p99}" + (f", ratio {ratio}" if ratio is not None else "")


def unseen_lines(route: Route, most: int | None = _NAMED) -> Iterator[str]:
    """Yield the unseen parts of the document by category, with at most `most` names each."""
    for category in CATEGORIES:
        names = sorted(route.never_seen.get(category, ()))
        if names:
            shown = names[:most]
            more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
            yield f"{_TITLES[category]}: {', '.join(f'`{name}`' for name in shown)}{more}"


def not_judged(route: Route) -> Iterator[str]:
    """Yield what was not compared, and why."""
    if route.shed:
        yield f"{route.shed:,} shed"
    if route.unclear:
        yield f"{route.unclear:,} unclear"
    yield from (f"{count:,} without a response from {name}" for name, count in route.failed.items())
    yield from (f"{count:,}: {reason}" for reason, count in route.set_aside.items())


def _lines(warrant: Warrant) -> Iterator[str]:
    yield f"## Warrant for {prose(', '.join(warrant.targets[1:]))}: {prose(warrant.document)}"
    yield ""
    yield f"{prose(headline(warrant))}."
    sources = f", {warrant.sources} sources" if warrant.sources > 1 else ""
    reference = prose(warrant.targets[0])
    yield f"Reference {reference}; from {warrant.started} to {warrant.until}{sources}."
    yield ""
    yield "| Route | Proved | Not judged | Latency |"
    yield "|---|---|---|---|"
    for route in warrant.routes:
        cells = (
            f"`{route.name}`",
            route.sentence,
            ", ".join(not_judged(route)) or "none",
            "; ".join(latency_lines(warrant, route)) or "none",
        )
        yield f"| {' | '.join(prose(cell) for cell in cells)} |"
    for route in warrant.routes:
        if route.findings:
            yield f"\n### {prose(f'`{route.name}`')} diverged\n"
        for each in route.findings:
            request = f", request `{each.request_id}`" if each.request_id else ""
            yield prose(f"- {each.count:,} times, last at {each.at}{request}: {each.sentence}")
    yield "\n### Never seen\n"
    for route in warrant.routes:
        unseen = "; ".join(unseen_lines(route))
        if not route.documented:
            continue
        if not route.compared:
            yield prose(f"- `{route.name}`: never seen")
        elif unseen:
            yield prose(f"- `{route.name}`: {unseen}")
    for note in warrant.notes:
        yield f"\n{prose(note)}"


def _ms(seconds: float | None) -> str:
    return f"{(seconds or 0) * 1000:,.1f} ms"
