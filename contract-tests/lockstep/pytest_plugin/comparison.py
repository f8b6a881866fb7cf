"""Runs the comparison that the tests of a function share."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from lockstep.cli.run import drive
from lockstep.cli.runner import perform
from lockstep.configuration import ConfigurationError, Plan, make_plan
from lockstep.configuration.reading import FILE_NAME, Source, check
from lockstep.configuration.states import StateError
from lockstep.openapi.document import Document
from lockstep.openapi.selection import matching
from lockstep.pytest_plugin.operation import WHOLE
from lockstep.report.data import as_data
from lockstep.report.forms import write
from lockstep.report.steps import Data
from lockstep.run import Run, RunError

MARKER = "lockstep"
_WHOLE_ID = "the run as a whole"
_KEYS = ("document", "profile", "fail_on")
_NO_TARGETS = (
    "no targets: define a fixture lockstep_targets, set lockstep_targets in pytest's "
    f"configuration, or add [[targets]] to {FILE_NAME}"
)
_DOCUMENTS = pytest.StashKey[dict[str, Document]]()
_RUNS = pytest.StashKey[dict[str, Data]]()


class PlanError(Exception):
    """The configuration is invalid or the run failed; the message has a line for each error."""


def operations(config: pytest.Config, node: pytest.Item) -> dict[str, str]:
    """Return the operations that a test function is parametrized with, and their test ids.

    The last one, `WHOLE`, stands for no operation. Raises `PlanError`.
    """
    plan = _plan(config, _options(config, node))
    every = list(_document(config, plan).operations.values())
    try:
        included = matching(every, plan.data.get("include", ("*",)))
    except ValueError as error:
        raise PlanError(f"lockstep: {error}") from error
    named = {one.name: f"{one.method} {one.path}" for one in every if one.name in included}
    return {**named, WHOLE: _WHOLE_ID}


def compared(
    config: pytest.Config,
    node: pytest.Item,
    targets: Mapping[str, str],
    folders: pytest.TempPathFactory,
    selected: Collection[str],
) -> Data:
    """Return the report of the run of a test function; its first test starts it.

    Where tests were deselected only the `selected` operations are compared. Raises `PlanError`.
    """
    options = _options(config, node)
    if WHOLE not in selected:
        options["include"] = sorted(selected)
    if targets:
        options["targets"] = _targets(targets)
    key = node.nodeid.partition("[")[0]
    runs = config.stash.setdefault(_RUNS, {})
    if key not in runs:
        runs[key] = _shared(config, key, folders, lambda: _made(_plan(config, options)))
    if "error" in runs[key]:
        raise PlanError(runs[key]["error"])
    return runs[key]


def _shared(
    config: pytest.Config, key: str, folders: pytest.TempPathFactory, make: Callable[[], Data]
) -> Data:
    """Call `make` once for all pytest-xdist workers: the first one to arrive calls it.

    The workers share a directory of the session.
    """
    if not hasattr(config, "workerinput"):
        return make()
    name = f"lockstep-{hashlib.sha256(key.encode()).hexdigest()}.json"
    path = folders.getbasetemp().parent / name
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            path.write_text(json.dumps(make()), encoding="utf-8")
        data: Data = json.loads(path.read_text(encoding="utf-8"))
    return data


def _made(plan: Plan) -> Data:
    """Run the plan, and write the configured files; return the report, or its error."""
    try:
        if not plan.data.get("targets"):
            raise ConfigurationError(_NO_TARGETS)
        targets, files = plan.targets(), plan.outputs()
        # The project's warning filters do not apply to the run.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work = Run(plan.settings())
            perform(work, targets, lambda work, targets: drive(plan, work, targets), StateError)
            data = as_data(work.finish())
        for kind, name in files.items():
            if name != "-":
                write(data, kind, Path(name))
    except (RunError, ConfigurationError, StateError, OSError) as error:
        return {"error": "\n".join(f"lockstep: {line}" for line in str(error).splitlines())}
    return data


def _options(config: pytest.Config, node: pytest.Item) -> dict[str, Any]:
    """Return pytest's configuration, overridden by a test's markers, with lockstep's keys."""
    options: dict[str, Any] = {key: config.getini(f"lockstep_{key}") for key in _KEYS}
    options["targets"] = dict(map(_target, config.getini("lockstep_targets")))
    for marker in reversed(list(node.iter_markers(MARKER))):
        options.update(marker.kwargs)
    options = {key: value for key, value in options.items() if value}
    if isinstance(options.get("targets"), Mapping):
        options["targets"] = _targets(options["targets"])
    faults = check(Source(options))
    if faults:
        raise PlanError("\n".join(f"lockstep: {fault}" for fault in faults))
    if "://" not in options.get("document", "://"):
        options["document"] = str(_folder(config) / options["document"])
    return options


def _plan(config: pytest.Config, options: Mapping[str, Any]) -> Plan:
    name = config.getini("lockstep_config") or FILE_NAME
    path = _folder(config) / name
    is_named = bool(config.getini("lockstep_config"))
    try:
        return make_plan(options, path if is_named or path.exists() else None)
    except ConfigurationError as error:
        raise PlanError(
            "\n".join(f"lockstep: {line}" for line in str(error).splitlines())
        ) from error


def _document(config: pytest.Config, plan: Plan) -> Document:
    """Return the document of a plan, loaded once per session."""
    known = config.stash.setdefault(_DOCUMENTS, {})
    try:
        exclude = plan.data.get("exclude", ())
        name = "\n".join([str(plan.document), *exclude])
        if name not in known:
            known[name] = Document.load(plan.document, exclude)
    except ConfigurationError as error:
        raise PlanError(
            "lockstep: no OpenAPI document: set lockstep_document in pytest's configuration, or "
            f"`document` in {FILE_NAME}"
        ) from error
    except (OSError, ValueError) as error:
        raise PlanError(f"lockstep: {error}") from error
    return known[name]


def _folder(config: pytest.Config) -> Path:
    """Return the directory that paths in pytest's configuration are relative to."""
    return config.inipath.parent if config.inipath is not None else config.rootpath


def _targets(urls: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "url": str(url)} for name, url in urls.items()]


def _target(line: str) -> tuple[str, str]:
    name, equals, url = line.partition("=")
    if not equals:
        raise PlanError(f"lockstep: lockstep_targets: {line!r} is not NAME=URL")
    return name.strip(), url.strip()
