"""The Content-Security-Policy of each page allows only its own scripts and styles."""

import json
from pathlib import Path

import pytest
from jsonschema_rs import validator_for

from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from testbed.paths import CONTRACT
from tooling.benchmark.page import render as render_comparison
from tooling.benchmark.tests.comparison import comparison
from tooling.benchmark.workload import load_workload
from tooling.site.frame import FrameError, framed
from tooling.site.manifest import PolicyError, policy_of, sha256

DOCUMENT = load_yaml(CONTRACT.read_text(encoding="utf-8"))


def test_policies_have_no_unsafe_sources(site: Path) -> None:
    sent = json.loads((site / "site.json").read_text(encoding="utf-8"))["pages"]
    assert sent.keys() == {path.name for path in site.iterdir()} - {"site.json"}
    for name, sending in sent.items():
        policy = sending["content_security_policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert ("connect-src" in policy) == (name == "try.html")


def test_manifest_conforms_to_the_contract(site: Path) -> None:
    form = DOCUMENT["x-docs-site"]["manifest_schema"] | {"components": DOCUMENT["components"]}
    sent = json.loads((site / "site.json").read_text(encoding="utf-8"))
    assert [error.message for error in validator_for(form).iter_errors(sent)] == []
    assert DOCUMENT["x-docs-site"]["connect_source"] in (
        sent["pages"]["try.html"]["content_security_policy"].split("; ")
    )


def test_policy_has_the_hashes_of_inline_code() -> None:
    page = "<style>a{}</style><script>b()</script><script src='c.js'></script>"
    assert policy_of("page.html", page).split("; ")[1:3] == [
        f"script-src 'self' {sha256('b()')}",
        f"style-src {sha256('a{}')}",
    ]


@pytest.mark.parametrize("page", ["<p style='color: red'>", "<p onclick='go()'>"])
def test_inline_style_and_event_handler_attributes_are_rejected(page: str) -> None:
    with pytest.raises(PolicyError, match=r"page\.html: <p "):
        policy_of("page.html", page)


def test_standalone_page_gets_the_site_frame() -> None:
    style = f"style-src {sha256('p{}')}"
    page = framed(
        f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{style}"><header>',
        "parity.html",
    )
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("style-src 'sha256-") == 1
    assert page.count("sha256-") == 2
    assert '<a href="parity.html" aria-current="page">' in page
    with pytest.raises(FrameError):
        framed("<header>", "parity.html")


def test_comparison_page_gets_the_site_frame_and_its_own_policy() -> None:
    compared = comparison(load_workload(Document.load(CONTRACT)))
    page = framed(render_comparison(compared), "compare.html")
    assert "unsafe" not in policy_of("compare.html", page)
    assert '<a href="compare.html" aria-current="page">' in page
