"""Generates the files of the site."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lockstep.openapi.loading import load_yaml
from testbed.contract import STORIES, TRAPS
from testbed.paths import BUILD, CONTRACT, SITE
from tooling.benchmark.keeping import PICTURE, Keeping
from tooling.benchmark.page import render as render_comparison
from tooling.site import errors, migrating, mirror, operating, traps
from tooling.site.frame import framed
from tooling.site.manifest import manifest
from tooling.site.operations import Operations
from tooling.site.page import render
from tooling.site.samples import VARIABLES, client_uses, samples
from tooling.site.schemas import Schemas
from tooling.site.verdicts import kept_comparison, newest

_ASSETS = Path(__file__).with_name("assets")
_SWAGGER_UI = SITE / "node_modules/swagger-ui-dist"
_BUNDLE = ("swagger-ui-bundle.js", "swagger-ui.css")
# Assets that only self-contained pages use, inline.
_INLINE = ("frame.css",)
_TRYING = ("try.html",)


def write_site(folder: Path) -> dict[str, bytes]:
    """Write all files and the manifest, delete older files; return the files by name.

    index.html is written last, so that an incomplete site can be recognised.
    """
    files = {name: text.encode() for name, text in pages()} | dict(assets())
    sent = manifest(files, trying=_TRYING)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file() and path.name not in files:
            path.unlink()
    for name in sorted(files, key=lambda name: name == "index.html"):
        if name == "index.html":
            (folder / "site.json").write_text(json.dumps(sent, indent=1) + "\n", encoding="utf-8")
        (folder / name).write_bytes(files[name])
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page."""
    document = load_yaml(CONTRACT.read_text(encoding="utf-8"))
    yield from _contract_pages(document)
    yield (
        "traps.html",
        render(
            "traps.html.j2", "traps.html", areas=traps.areas(TRAPS), stories=traps.stories(STORIES)
        ),
    )
    yield (
        "migrate.html",
        render("migrate.html.j2", "migrate.html", **migrating.page_values()),
    )
    yield from _mirror_pages()
    yield from _report_pages()
    yield (
        "index.html",
        render(
            "index.html.j2",
            "index.html",
            kept=kept_comparison(),
            verdicts=newest(),
            clients=client_uses(),
        ),
    )


def assets() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file that pages refer to."""
    for path in sorted(_ASSETS.iterdir()):
        if path.name not in _INLINE:
            yield path.name, path.read_bytes()
    drawn = Keeping().folder / PICTURE
    if drawn.exists():
        yield PICTURE, drawn.read_bytes()
    for name in _BUNDLE:
        yield name, (_SWAGGER_UI / name).read_bytes()


def _contract_pages(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    catalogue = errors.catalogue(document, errors.shown_by_stories(STORIES))
    operations = Operations(document, catalogue, samples(document))
    yield (
        "reference.html",
        render(
            "reference.html.j2",
            "reference.html",
            document=document,
            groups=operations.groups(),
            schemas=Schemas(document).named(operations.users_of_schemas()),
            errors=catalogue,
            variables=VARIABLES,
        ),
    )
    yield (
        "errors.html",
        render(
            "errors.html.j2",
            "errors.html",
            errors=catalogue,
            checks=document["x-check-order"],
        ),
    )
    yield (
        "operate.html",
        render(
            "operate.html.j2",
            "operate.html",
            kept=kept_comparison(),
            **operating.page_values(document),
        ),
    )
    yield "try.html", render("try.html.j2", "try.html", contract=_data(document))


def _data(value: Any) -> str:
    """Return JSON that can be embedded in a page."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _mirror_pages() -> Iterator[tuple[str, str]]:
    pairs = mirror.pairs()
    yield "mirror.html", render("mirror.html.j2", "mirror.html", pairs=pairs)
    for pair in pairs:
        if pair.page:
            rows = mirror.rows(pair)
            yield pair.page, render("pair.html.j2", "mirror.html", pair=pair, rows=rows)


def _report_pages() -> Iterator[tuple[str, str]]:
    report = BUILD / "contract-report.html"
    if report.exists():
        yield "parity.html", framed(report.read_text(encoding="utf-8"), "parity.html")
    else:
        yield "parity.html", render("parity.html.j2", "parity.html")
    results = BUILD / "compare.json"
    if results.exists():
        data = json.loads(results.read_text(encoding="utf-8"))
        yield "compare.html", framed(render_comparison(data), "compare.html")
    else:
        yield "compare.html", render("compare.html.j2", "compare.html", kept=kept_comparison())
