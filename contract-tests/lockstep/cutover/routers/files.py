"""nginx, HAProxy and Envoy, configured by a file; its first line states the share."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from lockstep.cutover.atomic import write_atomically
from lockstep.cutover.plan import RouterKind, RouterPlan, Sticky
from lockstep.cutover.routers.shares import RouterError

NAME = "lockstep_cutover"
_MARK = re.compile(r"^# lockstep cutover: ([\d.]+) % to ", re.MULTILINE)
_RELOAD_SECONDS = 60.0
# Shares have at most two decimals of a percent.
_PARTS = 10_000


class FileRouter:
    """Writes a file atomically, and runs the command that reloads it."""

    def __init__(self, plan: RouterPlan, old: str, new: str, sticky: Sticky | None) -> None:
        self._plan = plan
        self._old, self._new = old, new
        self._sticky = sticky

    @property
    def _file(self) -> Path:
        assert self._plan.file is not None
        return self._plan.file

    def share(self) -> float | None:
        """Return the share in the file; `None` if there is no file yet."""
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise RouterError(f"{self._file} cannot be read: {error}") from error
        found = _MARK.search(text)
        if found is None:
            raise RouterError(
                f"{self._file} was not written by lockstep cutover: it would be overwritten"
            )
        return float(found[1])

    def move(self, percent: float) -> None:
        """Write the file and reload it; if that fails, the old file is restored."""
        before = None if self.share() is None else self._file.read_text(encoding="utf-8")
        self._write(self.configuration(percent))
        try:
            self._reload()
        except RouterError:
            if before is not None:
                self._write(before)
            raise

    def configuration(self, percent: float) -> str:
        """Return the text of the file for a share."""
        return written(self._plan, self._old, self._new, self._sticky, percent)

    def _write(self, text: str) -> None:
        try:
            write_atomically(self._file, text)
        except OSError as error:
            raise RouterError(f"{self._file} cannot be written: {error.strerror}") from error

    def _reload(self) -> None:
        command = self._plan.reload
        if not command:
            return
        try:
            run = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_RELOAD_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RouterError(f"{command[0]} could not be run: {error}") from error
        if run.returncode != 0:
            output = run.stdout.decode("utf-8", "replace").strip()
            raise RouterError(f"{' '.join(command)} exited with {run.returncode}: {output}")


def written(plan: RouterPlan, old: str, new: str, sticky: Sticky | None, percent: float) -> str:
    """Return the configuration of a router for a share, in percent.

    Assignment is monotonic: a user on the new target stays there with each larger share, as the
    same value is hashed into the same part.
    """
    if plan.kind == "envoy":
        return _envoy(plan, old, new, sticky, percent)
    template = _environment().get_template(f"{_TEMPLATES[plan.kind]}.j2")
    return template.render(
        name=NAME,
        old=old,
        new=new,
        percent=percent,
        below=round(percent * _PARTS / 100),
        parts=_PARTS,
        upstreams=plan.upstreams,
        sticky=sticky,
        listen=plan.listen,
    )


_TEMPLATES: dict[RouterKind, str] = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}


def _environment() -> Environment:
    # The output is not HTML; the schema of the plan excludes what could end a directive.
    environment = Environment(
        loader=PackageLoader("lockstep.cutover"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = lambda value: f"{value:g}"
    return environment


def _envoy(plan: RouterPlan, old: str, new: str, sticky: Sticky | None, percent: float) -> str:
    """Return a `RouteConfiguration` that Envoy reads from the file system (RDS)."""
    part = round(percent * _PARTS / 100)
    sides = ((plan.upstreams[new], part), (plan.upstreams[old], _PARTS - part))
    weighted: dict[str, Any] = {
        "clusters": [
            {"name": cluster, "weight": weight}
            for clusters, whole in sides
            for cluster, weight in zip(clusters, _split(whole, len(clusters)), strict=True)
        ]
    }
    route: dict[str, Any] = {"weighted_clusters": weighted}
    if sticky is not None:
        weighted["use_hash_policy"] = True
        route["hash_policy"] = [
            {"header": {"header_name": sticky.name}}
            if sticky.kind == "header"
            else {"cookie": {"name": sticky.name}}
        ]
    resource = {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": NAME,
        "virtual_hosts": [
            {
                "name": NAME,
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "route": route}],
            }
        ],
    }
    head = (
        f"# lockstep cutover: {percent:g} % to {new}, the rest to {old}. For the rds of the HTTP\n"
        f"# connection manager: route_config_name: {NAME}, path_config_source: this file.\n"
    )
    return head + yaml.safe_dump({"resources": [resource]}, sort_keys=False)


def _split(whole: int, count: int) -> list[int]:
    """Split a number into `count` parts that differ by at most one."""
    least, rest = divmod(whole, count)
    return [least + (at < rest) for at in range(count)]
