"""The options shared by commands, and the plan derived from them and `lockstep.toml`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from lockstep.cli.click_ext import EXIT_CODES, Decorated, complete_files, could_not_run, option
from lockstep.cli.output import Output
from lockstep.configuration import ConfigurationError, make_plan
from lockstep.drivers.fuzz.settings import PHASES
from lockstep.settings import PROFILES
from lockstep.transport.targets import Target
from lockstep.verdict import FAIL_ON
from lockstep.warrant.forms import check_ending

__all__ = [
    "AMOUNT",
    "EXIT_CODES",
    "OPERATIONS",
    "OUTPUT",
    "SHARE",
    "TARGETS",
    "parse_headers",
    "parse_targets",
    "planned",
    "warrant_option",
]

Options = tuple[Callable[[Any], Any], ...]
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class WarrantFile(click.ParamType[Path]):
    """A file whose suffix determines the format of a warrant."""

    name = "file"

    def convert(self, value: Any, _param: Any, _ctx: Any) -> Path:
        """Return the path; another suffix is a usage error."""
        path = Path(value)
        try:
            check_ending(path)
        except ValueError as error:
            self.fail(str(error))
        return path


def _report(name: str, text: str) -> Callable[[Any], Any]:
    return option(name, group="Reports", metavar="FILE", shell_complete=complete_files, help=text)


TARGETS: Options = (
    option(
        "--target",
        "targets",
        group="Targets",
        multiple=True,
        metavar="NAME=URL",
        help="A server and the base URL of its API. Repeatable; the first one is the reference.",
    ),
    option(
        "--header",
        "headers",
        group="Targets",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="A header to send with every request. If operations require it, it counts as a "
        "user's token.",
    ),
    option(
        "--target-header",
        "target_headers",
        group="Targets",
        multiple=True,
        type=(str, str),
        metavar="TARGET 'NAME: VALUE'",
        help="A header to send to one target.",
    ),
    option(
        "--timeout",
        group="Targets",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help="The timeout of a response, in seconds.  [default: 10]",
    ),
    option(
        "--stream-seconds",
        group="Targets",
        type=click.FloatRange(0, min_open=True),
        metavar="SECONDS",
        help="How long to read an endless stream, in seconds.  [default: 2]",
    ),
    option(
        "--insecure",
        group="Targets",
        is_flag=True,
        default=None,
        help="Do not verify TLS certificates.",
    ),
    option("--ca-file", group="Targets", type=_FILE, help="A file of trusted CA certificates."),
    option(
        "--cert",
        "cert_file",
        group="Targets",
        type=_FILE,
        help="The client certificate, with its private key unless --key is given.",
    ),
    option("--key", "key_file", group="Targets", type=_FILE, help="The private key of --cert."),
    option(
        "--config",
        group="Targets",
        type=_FILE,
        help="The configuration file.  [default: lockstep.toml, if it exists]",
    ),
)

AMOUNT: Options = (
    option(
        "--profile",
        group="Requests",
        type=click.Choice(list(PROFILES)),
        help="How many requests to generate.  [default: default]",
    ),
    option(
        "--seed",
        group="Requests",
        type=click.IntRange(0),
        metavar="NUMBER",
        help="The seed of the generated requests.  [default: 0]",
    ),
    option(
        "--phase",
        "phases",
        group="Requests",
        multiple=True,
        type=click.Choice(PHASES),
        help="Run only this phase of generated requests; repeatable.",
    ),
    option(
        "--workers",
        group="Requests",
        type=click.IntRange(1, 64),
        metavar="NUMBER",
        help="The number of concurrent requests.  [default: 1]",
    ),
)

SHARE: Options = (
    option(
        "--shard",
        group="Requests",
        metavar="2/5",
        help="Run one part, such as the second of five; `lockstep report merge` combines the "
        "reports.",
    ),
)

OPERATIONS: Options = (
    option(
        "--include",
        group="Requests",
        multiple=True,
        metavar="OPERATION",
        help="Judge only these operations, and send to others only what they need: an "
        "operationId, a path, 'METHOD /path' or tag:NAME, with * for any text. Repeatable.",
    ),
    option(
        "--exclude",
        group="Requests",
        multiple=True,
        metavar="OPERATION",
        help="Never send requests to these operations. Repeatable.",
    ),
)

OUTPUT: Options = (
    _report("--json", "Write all results to this file as JSON; - for standard output."),
    _report("--html", "Write an HTML report."),
    _report("--junit", "Write JUnit XML, for CI servers."),
    _report("--markdown", "Write a Markdown summary, for CI pages."),
    option(
        "--known",
        group="Reports",
        type=_FILE,
        help="A YAML file of accepted differences, with their causes.",
    ),
    option(
        "--fail-on",
        "fail_on",
        group="Reports",
        type=click.Choice(FAIL_ON),
        help="What fails the run with exit code 1: differing targets, violations of the "
        "document, or both.  [default: parity]",
    ),
    option(
        "--show-secrets",
        "show_secrets",
        group="Reports",
        is_flag=True,
        help="Show passwords, tokens and other secrets in the reports.",
    ),
    option("--quiet", group="Reports", is_flag=True, help="Print only errors and findings."),
    option(
        "--debug", group="Reports", is_flag=True, help="Print the traceback of internal errors."
    ),
)

warrant_option = option(
    "--warrant",
    "warrants",
    group="Reports",
    multiple=True,
    type=WarrantFile(),
    metavar="FILE",
    shell_complete=complete_files,
    help="Write what was proved of each route to this .json, .html or .md file; repeatable.",
)

_OUTPUTS = ("json", "html", "junit", "markdown")
# Printing is up to the command, not to the plan.
_PRINTED = tuple(field.name for field in dataclasses.fields(Output))
_ASIDE = frozenset({"config", *_PRINTED})


def planned(*groups: Options, takes: tuple[str, ...] = ()) -> Callable[[Decorated], Decorated]:
    """Add options to a command, and pass their values as its arguments `plan` and `output`.

    `output` is passed with the options of `OUTPUT`. `takes` names the command's own parameters that
    belong to the plan, such as `document`.
    """

    def decorate(function: Decorated) -> Decorated:
        shared = {name: None for options in groups for name in _names(options)}

        @functools.wraps(function)
        def wrapper(**values: Any) -> Any:
            arguments = {name: values.pop(name) for name in [*shared, *takes] if name not in _ASIDE}
            path = values.pop("config", None)
            printed = {name: values.pop(name) for name in _PRINTED if name in shared}
            if printed:
                values["output"] = Output(**printed)
            with could_not_run(ConfigurationError):
                plan = make_plan(given(arguments), path)
            return function(plan=plan, **values)

        decorated: Any = wrapper
        for add in reversed([add for options in groups for add in options]):
            decorated = add(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given option values in the form of the configuration file.

    Files are relative to the working directory.
    """
    values = {name: value for name, value in arguments.items() if value not in (None, ())}
    outputs = {kind: _here(values.pop(kind)) for kind in _OUTPUTS if kind in values}
    for name in ("document", "known", "ca_file", "cert_file", "key_file", "traps", "races"):
        if name in values:
            values[name] = _here(str(values[name]))
    if "targets" in values:
        values["targets"] = [_target(text) for text in values["targets"]]
    if "headers" in values:
        values["headers"] = dict(parse_headers(values["headers"], "--header"))
    if "target_headers" in values:
        apart: dict[str, dict[str, str]] = {}
        for name, text in values["target_headers"]:
            apart.setdefault(name, {}).update(parse_headers((text,), "--target-header"))
        values["target_headers"] = apart
    for name in ("phases", "include", "exclude"):
        if name in values:
            values[name] = list(values[name])
    mode = values.pop("mode", "lockstep")
    if "stories" in values:
        values["stories"] = {"folder": _here(values["stories"]), "mode": mode}
    if "commands" in values:
        commands = enumerate(values.pop("commands"), 1)
        values["states"] = [{"name": f"state {at}", "command": line} for at, line in commands]
    return {**values, **({"output": outputs} if outputs else {})}


def parse_headers(texts: tuple[str, ...], hint: str) -> list[tuple[str, str]]:
    """Parse `NAME: VALUE` texts. Raises `click.BadParameter` for other formats."""
    pairs = [(name.strip(), value.strip()) for name, _, value in (t.partition(":") for t in texts)]
    for text, (name, value) in zip(texts, pairs, strict=True):
        if not name or not value:
            raise click.BadParameter(f"{text!r} is not 'NAME: VALUE'", param_hint=hint)
    return pairs


def parse_targets(texts: tuple[str, ...]) -> list[Target]:
    """Parse `NAME=URL` texts. Raises `click.BadParameter` for the first invalid one."""
    targets = []
    for parsed in map(_target, texts):
        try:
            targets.append(Target(parsed["name"], parsed["url"]))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--target") from error
    if len({target.name for target in targets}) < len(targets):
        raise click.BadParameter("the names of the targets must be unique", param_hint="--target")
    return targets


def _target(text: str) -> dict[str, str]:
    name, equals, url = text.partition("=")
    if not equals or not name or "/" in name:
        raise click.BadParameter(
            f"{text!r} is not NAME=URL, such as old=http://localhost:8000", param_hint="--target"
        )
    return {"name": name, "url": url}


def _here(name: str) -> str:
    return name if name == "-" or "://" in name else str(Path.cwd() / name)


def _names(options: Options) -> list[str]:
    """Return the parameter names of options."""
    probe = click.command()(functools.reduce(lambda f, add: add(f), options, lambda: None))
    return [str(parameter.name) for parameter in probe.params]
