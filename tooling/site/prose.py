"""Turns what the contract says into HTML: Markdown, and code in colours."""

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
    """CommonMark as paragraphs; HTML in it is shown, not run."""
    return Markup(_markdown().render(text))


@cache
def inline(text: str) -> Markup:
    """One line of CommonMark without a paragraph around it."""
    return Markup(_markdown().renderInline(text))


@cache
def code(text: str, language: str) -> Markup:
    """A block of code; its colours are classes that site.css gives to both schemes.

    What cannot be seen in the text is shown as a picture of it or as `<U+XXXX>`.
    """
    lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False)
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
    return Markup('<pre class="code"><code>{}</code></pre>').format(
        Markup(highlight(visible(text), lexer, formatter).rstrip("\n"))
    )


def plain(text: str) -> Markup:
    """A block of code without colours."""
    return Markup('<pre class="code"><code>{}</code></pre>').format(escape(visible(text)))


@cache
def _markdown() -> Any:
    return MarkdownIt("commonmark", {"html": False}).enable("table")
