"""Converts texts of the contract to HTML: Markdown, and highlighted code."""

from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from lockstep.report.sanitize import visible

_LEXERS = {"curl": "bash", "node": "javascript"}


@cache
def markdown(text: str) -> Markup:
    """Render CommonMark as paragraphs; HTML in it is escaped."""
    return Markup(_markdown().render(text))


@cache
def inline(text: str) -> Markup:
    """Render one line of CommonMark without a paragraph around it."""
    return Markup(_markdown().renderInline(text))


@cache
def code(text: str, language: str) -> Markup:
    """Render a highlighted code block; site.css defines its colours for both schemes.

    Invisible characters are shown as their Unicode symbol or `<U+XXXX>`.
    """
    lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False)
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
    return Markup('<pre class="code"><code>{}</code></pre>').format(
        Markup(highlight(visible(text), lexer, formatter).rstrip("\n"))
    )


def plain(text: str) -> Markup:
    """Render a code block without highlighting."""
    return Markup('<pre class="code"><code>{}</code></pre>').format(escape(visible(text)))


@cache
def _markdown() -> Any:
    return MarkdownIt("commonmark", {"html": False}).enable("table")
