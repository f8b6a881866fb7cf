"""Dashboard and alerts of the shadow: what they ask for is what a proxy tells."""

import json
from collections import Counter
from collections.abc import Iterator

import promql_parser
import pytest
import yaml

from lockstep.proxy.metrics import ProxyCollector
from lockstep.proxy.settings import Counts
from lockstep.warrant import Latency, Route, Warrant
from suite.tests.promql import selectors
from testbed.paths import ROOT

DEPLOY = ROOT / "deploy"


def expressions() -> Iterator[tuple[str, str]]:
    """The PromQL of alerts and panels, by their names."""
    rules = yaml.safe_load((DEPLOY / "lockstep-rules.yaml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert {"alert", "expr", "for", "labels", "annotations"} == set(rule)
            yield rule["alert"], rule["expr"]
    board = json.loads((DEPLOY / "lockstep-dashboard.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def series() -> dict[str, set[str]]:
    """The labels of each series of a proxy in which everything has happened."""
    latency = Latency()
    latency.add(0.01)
    route = Route("GET /tasks", answers=Counter({"2xx": 1}), kinds=Counter(status=1))
    route.failed, route.latency = Counter(new=1), {"new": latency}
    warrant = Warrant("Tasks", "digest", ("old", "new"), "", "", [route])
    return {
        sample.name: {*sample.labels, "job", "instance"}
        for metric in ProxyCollector(warrant, Counts(), 0).collect()
        for sample in metric.samples
    }


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_what_is_asked_of_a_proxy_is_there(name: str, expression: str) -> None:
    exported = series()
    selected = list(selectors(promql_parser.parse(expression)))
    assert selected, name
    for metric, labels in selected:
        assert labels <= exported[metric], (name, metric, labels)
