"""The site in a browser, served by a twin: alone, narrow and wide, by keyboard, light and dark."""

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
# Swagger UI's own markup has poor contrast and buttons within buttons; all around it is ours.
UNJUDGED = {"try.html": ("#swagger-ui",)}
TRY_IS_DRAWN = "document.querySelector('#operations-Timer-getTimer') !== null"
READY = {"try.html": TRY_IS_DRAWN}

Sights = Mapping[str, browser.Sight]
Addresses = Mapping[Kind, str]


@pytest.fixture(scope="module")
def twins(
    stage: Stage, sample_data: str, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Addresses]:
    """The addresses of both, on one database; pages of each may call the other."""
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
    """What was seen of each page."""
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
def test_nothing_is_complained_about(sights: Sights, page: str) -> None:
    assert sights[page].complaints == []


@pytest.mark.parametrize("page", PAGES)
def test_no_other_host_is_asked(sights: Sights, twins: Addresses, page: str) -> None:
    own = (twins["python"], "data:")
    assert [url for url in sights[page].requests if not url.startswith(own)] == []


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


def test_requests_are_tried_against_either_twin(twins: Addresses) -> None:
    """Who logs in on the page of one is known to both; the examples are of the sample data."""
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
