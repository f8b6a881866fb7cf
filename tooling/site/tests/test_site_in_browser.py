"""The site in a browser, served by a twin: requests, width, keyboard, light and dark."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from testbed.ports import free_port
from testbed.servers import KINDS, TEST_SETTINGS, Kind, TwinServer
from testbed.stage import Stage
from tooling.site.page import NAVIGATION
from tooling.site.tests import browser

PAGES = (*(entry.file for entry in NAVIGATION), "mirror-services-task-service.html")
# The markup of Swagger UI has poor contrast and nested buttons; the rest of the page is ours.
UNJUDGED = {"try.html": ("#swagger-ui",)}
TRY_IS_DRAWN = "document.querySelector('#operations-Timer-getTimer') !== null"
READY = {"try.html": TRY_IS_DRAWN}

Sights = Mapping[str, browser.Sight]
Addresses = Mapping[Kind, str]


@pytest.fixture(scope="module")
def twins(
    stage: Stage, sample_data: str, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Addresses]:
    """The addresses of both twins on one database; CORS lets pages of each call the other."""
    url = stage.databases.create("site_in_browser", template=sample_data)
    ports = {kind: free_port() for kind in KINDS}
    addresses = {kind: f"http://127.0.0.1:{port}" for kind, port in ports.items()}
    settings = {
        **TEST_SETTINGS,
        "DOCS_PATH": str(site),
        "CORS_ORIGINS": ",".join(addresses.values()),
    }
    with ExitStack() as running:
        for kind, port in ports.items():
            log = tmp_path_factory.mktemp(kind) / "log"
            running.enter_context(TwinServer(kind, url, log, settings, port=port))
        yield addresses
    stage.databases.drop("site_in_browser")


@pytest.fixture(scope="module")
def sights(twins: Addresses) -> Sights:
    """What the browser saw of each page."""
    visits = [
        browser.Visit(
            f"{twins['python']}/docs/{page}",
            ready=READY.get(page),
            unjudged=UNJUDGED.get(page, ()),
        )
        for page in PAGES
    ]
    return dict(zip(PAGES, browser.look(visits), strict=True))


@pytest.mark.parametrize("page", PAGES)
def test_page_has_no_console_errors(sights: Sights, page: str) -> None:
    assert sights[page].complaints == []


@pytest.mark.parametrize("page", PAGES)
def test_page_requests_no_other_host(sights: Sights, twins: Addresses, page: str) -> None:
    own = (twins["python"], "data:")
    assert [url for url in sights[page].requests if not url.startswith(own)] == []


@pytest.mark.parametrize("page", PAGES)
def test_page_needs_no_horizontal_scrolling(sights: Sights, page: str) -> None:
    assert sights[page].too_wide == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", browser.SCHEMES)
def test_page_has_no_accessibility_violations(sights: Sights, page: str, scheme: str) -> None:
    assert sights[page].violations[scheme] == []


@pytest.mark.parametrize("page", PAGES)
def test_keyboard_reaches_navigation_and_content(sights: Sights, page: str) -> None:
    names = [entry.name for entry in NAVIGATION]
    stops = sights[page].tab_stops
    assert sights[page].skips_to_main
    assert [stop for stop in stops if stop in names][: len(names)] == names


def test_try_page_sends_requests_to_either_twin(twins: Addresses) -> None:
    """A log-in at one twin is valid at both; the examples use the sample data."""
    choose_python = (
        "const form = document.querySelector('.server');"
        f"form.address.value = '{twins['python']}'; form.requestSubmit();"
    )
    steps = [
        *tried("Authentication", "registerUser", 201),
        *tried("Authentication", "logIn", 200),
        *tried("Users", "getCurrentUser", 200),
        ("evaluate", choose_python),
        *tried("Tasks", "listTasks", 200),
    ]
    page = f"{twins['node']}/docs/try.html"
    (sight,) = browser.look([browser.Visit(page, TRY_IS_DRAWN, UNJUDGED["try.html"], steps=steps)])
    called = [url for url in sight.requests if "/api/" in url]
    assert [url.split("/api/")[0] for url in called] == [twins["node"]] * 3 + [twins["python"]]
    assert sight.complaints == []


def tried(tag: str, operation: str, status: int) -> list[tuple[str, str]]:
    """The steps that open an operation, send its example and wait for a status."""
    block = f"#operations-{tag}-{operation}"
    answer = f"document.querySelector('{block} .live-responses-table tbody .response-col_status')"
    return [
        ("evaluate", f"location.hash = '#/{tag}/{operation}'"),
        ("click", f"{block} .execute"),
        ("wait", f"{answer}?.textContent.includes('{status}')"),
    ]
