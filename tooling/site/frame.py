"""Adds the site's navigation to a self-contained page."""

import re
from pathlib import Path

from tooling.site.manifest import sha256
from tooling.site.page import NAVIGATION, environment

_ASSETS = Path(__file__).with_name("assets")
_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)(")')
_DOCTYPE = re.compile(r"\A\s*<!doctype html>", re.IGNORECASE)
_HEADER = re.compile(r"<header\b")


class FrameError(Exception):
    """A page has an unexpected structure."""


def framed(page: str, file: str) -> str:
    """Return the page with the navigation above its header, allowed by its own policy.

    Raises FrameError if the page has no header.
    """
    style = (_ASSETS / "frame.css").read_text(encoding="utf-8")
    template = environment().get_template("frame.html.j2")
    above = template.render(file=file, navigation=NAVIGATION, style=style)
    if not _DOCTYPE.match(page) or not _HEADER.search(page):
        raise FrameError(f"{file}: no document type, or no header")
    allowed = _POLICY.sub(lambda found: _with_style(found, style), page)
    typed = _DOCTYPE.sub("<!DOCTYPE html>", allowed)
    return _HEADER.sub(lambda found: above + found[0], typed, count=1)


def _with_style(found: re.Match[str], style: str) -> str:
    quoted = sha256(style).replace("'", "&#39;") if "&#39;" in found[2] else sha256(style)
    return found[1] + found[2].replace("style-src ", f"style-src {quoted} ") + found[3]
