"""The site in a browser: alone, narrow and wide, by keyboard, light and dark."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from twins.site.page import NAVIGATION
from twins.tests import browser, site_server

PAGES = (*(entry.file for entry in NAVIGATION), "mirror-services-task-service.html")
# Swagger UI's own markup has poor contrast and buttons within buttons; all around it is ours.
UNJUDGED = {"try.html": ("#swagger-ui",)}
READY = {"try.html": "document.querySelector('#operations-Timer-getTimer') !== null"}

Sights = Mapping[str, browser.Sight]

# One worker looks at all pages, since a browser is slow to start.
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def sights(site: Path) -> Sights:
    """What was seen of each page."""
    with site_server.serve(site) as address:
        visits = [
            browser.Visit(
                f"{address}/{page}",
                ready=READY.get(page),
                unjudged=UNJUDGED.get(page, ()),
            )
            for page in PAGES
        ]
        return dict(zip(PAGES, browser.look(visits), strict=True))


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_complained_about(sights: Sights, page: str) -> None:
    assert sights[page].complaints == []


@pytest.mark.parametrize("page", PAGES)
def test_no_other_host_is_asked(sights: Sights, page: str) -> None:
    own = sights[page].url.removesuffix(page)
    assert [url for url in sights[page].requests if not url.startswith((own, "data:"))] == []


@pytest.mark.parametrize("page", PAGES)
def test_nobody_scrolls_sideways(sights: Sights, page: str) -> None:
    assert sights[page].too_wide == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", browser.SCHEMES)
def test_everybody_can_read_it(sights: Sights, page: str, scheme: str) -> None:
    assert sights[page].violations[scheme] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_keyboard_reaches_the_navigation_and_the_content(sights: Sights, page: str) -> None:
    names = [entry.name for entry in NAVIGATION]
    stops = sights[page].tab_stops
    assert sights[page].skips_to_main
    assert [stop for stop in stops if stop in names][: len(names)] == names
