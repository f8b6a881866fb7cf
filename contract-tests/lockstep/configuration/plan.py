"""The configuration of a run, from the file and the command line."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lockstep.configuration.certificates import context_of, curl_options
from lockstep.configuration.reading import FILE_NAME, ConfigurationError, Source, read
from lockstep.configuration.secrets import secret_values
from lockstep.configuration.states import State
from lockstep.drivers.fuzz.settings import PHASES, FuzzSettings
from lockstep.matching.rules import KINDS, Rule
from lockstep.openapi.sharding import Shard
from lockstep.settings import PROFILES, Settings
from lockstep.transport.outbound import Outbound, read_address
from lockstep.transport.streams import STREAM_SECONDS
from lockstep.transport.targets import Target

TIMEOUT = 10.0
CERTIFICATES = ("insecure", "ca_file", "cert_file", "key_file", "key_password")
OUTPUTS = ("json", "html", "junit", "markdown")


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration with the command line over it; it has the form of the file's schema.

    `notes` are facts about it that users may not be aware of.
    """

    source: Source
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """The values."""
        return self.source.data

    @property
    def document(self) -> Path | str:
        """Where the OpenAPI document is: a file or a URL."""
        name = self.data.get("document")
        if name is None:
            raise ConfigurationError(
                "no OpenAPI document: give one on the command line, or as `document` in "
                + FILE_NAME
            )
        return name if "://" in name else self.source.beside(name)

    def targets(self) -> list[Target]:
        """Return the servers. Raises `ConfigurationError` if one is configured wrongly."""
        tables = self.data.get("targets", [])
        if not tables:
            raise ConfigurationError(
                "no targets: give --target NAME=URL for each server, or [[targets]] in " + FILE_NAME
            )
        names = [target["name"] for target in tables]
        if len(set(names)) < len(names):
            raise ConfigurationError("two targets have the same name: " + ", ".join(names))
        return [self._target(at, target) for at, target in enumerate(tables)]

    def sharing(self) -> list[str]:
        """The targets but the first that may store what they are sent where another one does.

        Those are not among them that are said to have a database of their own, or name one.
        """
        tables = self.data.get("targets", [])
        named = [target.get("effects", {}).get("database") for target in tables]
        return [
            target["name"]
            for target, database in zip(tables, named, strict=True)
            if target is not tables[0]
            and not target.get("own_database")
            and (database is None or None in named or named.count(database) > 1)
        ]

    def settings(self) -> Settings:
        """Return the settings of the run, without users, which depend on the document."""
        data = self.data
        known = data.get("known")
        bystanders = data.get("stories", {}).get("bystanders")
        return Settings(
            document=self.document,
            seed=data.get("seed", 0),
            fuzz=self._fuzz(),
            tolerance=data.get("tolerance", 5.0),
            known_differences=self.source.beside(known) if known else None,
            require_coverage=data.get("coverage", False),
            rules=tuple(map(_rule, data.get("rules", ()))),
            secrets=frozenset(self.source.secrets | secret_values(data)),
            fail_on=data.get("fail_on", "parity"),
            shard=self._shard(),
            include=tuple(data.get("include", ())),
            exclude=tuple(data.get("exclude", ())),
            bystanders=self.source.beside(bystanders) if bystanders else None,
            origins=tuple(data.get("origins", ())),
        )

    def _shard(self) -> Shard | None:
        text = self.data.get("shard")
        try:
            return Shard.read(text) if text is not None else None
        except ValueError as error:
            raise ConfigurationError(self.source.fault(["shard"], str(error))) from error

    def outputs(self) -> dict[str, str]:
        """Where each kind of report goes; `-` is standard output."""
        outputs = self.data.get("output", {})
        return {
            kind: outputs[kind] if outputs[kind] == "-" else str(self.source.beside(outputs[kind]))
            for kind in OUTPUTS
            if kind in outputs
        }

    def states(self) -> list[State]:
        """Return the states in which requests are sent, one after the other; none by default."""
        return [State(**state) for state in self.data.get("states", ())]

    def folder(self, key: str) -> Path | None:
        """A folder of stories, traps or races, `None` if none is named."""
        entry = self.data.get(key)
        name = entry.get("folder") if isinstance(entry, dict) else entry
        return self.source.beside(name) if name else None

    def _target(self, at: int, table: Mapping[str, Any]) -> Target:
        headers = {**self.data.get("headers", {}), **table.get("headers", {})}
        try:
            return Target(
                table["name"],
                table["url"],
                timeout=table.get("timeout", self.data.get("timeout", TIMEOUT)),
                stream_seconds=self.data.get("stream_seconds", STREAM_SECONDS),
                headers=tuple(headers.items()),
                tls=self._tls(table),
                new_tls=partial(context_of, self._certificates(table), self.source.beside),
                anonymous=self._tls(table, shows=False),
                curl_options=curl_options(self._certificates(table), self.source.beside),
                database=table.get("effects", {}).get("database"),
                counts_statements=table.get("effects", {}).get("statements", True),
                outbound=self._outbound(table.get("effects", {})),
            )
        except (ValueError, OSError) as error:
            raise ConfigurationError(self.source.fault(["targets", at], str(error))) from error

    def _outbound(self, effects: Mapping[str, Any]) -> Outbound | None:
        """Where the calls of a target go through lockstep; `ValueError` for no address."""
        if "proxy" not in effects:
            return None
        authority = self.source.beside(effects["ca"]) if "ca" in effects else None
        return Outbound(
            read_address(effects["proxy"]), effects.get("unmatched") == "pass", authority
        )

    def _tls(self, table: Mapping[str, Any], *, shows: bool = True) -> ssl.SSLContext | None:
        """Which certificates are trusted and shown; without the shown one where there is any."""
        both = self._certificates(table)
        if not shows and "cert_file" not in both:
            return None
        return context_of(both, self.source.beside, shows=shows)

    def _certificates(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of certificates of a target, or of all: its own come first."""
        every = {name: self.data[name] for name in CERTIFICATES if name in self.data}
        own = {name: table[name] for name in CERTIFICATES if name in table}
        # A certificate and its key go together.
        if "cert_file" in own:
            every = {
                name: every[name] for name in every if name not in ("key_file", "key_password")
            }
        return {**every, **own}

    def _fuzz(self) -> FuzzSettings:
        settings = PROFILES[self.data.get("profile", "default")]
        chosen: dict[str, Any] = {"phases": tuple(self.data.get("phases") or PHASES)}
        if "workers" in self.data:
            chosen["workers"] = self.data["workers"]
        return replace(settings, **chosen)


def make_plan(given: Mapping[str, Any], path: Path | None = None) -> Plan:
    """Lay what is given, in the form of the file, over a file.

    Without a path it is `lockstep.toml` of the working directory, if there is one.
    `ConfigurationError` lists what is wrong.
    """
    usual = Path(FILE_NAME)
    source = read(path or usual) if path or usual.exists() else Source()
    known = {target["name"]: target for target in source.data.get("targets", ())}
    merged = {**source.data, **given}
    for table in ("headers", "output"):
        if table in given:
            merged[table] = {**source.data.get(table, {}), **given[table]}
    if "targets" in given:
        merged["targets"] = [{**known.get(new["name"], {}), **new} for new in given["targets"]]
    for name, headers in given.get("target_headers", {}).items():
        mine = [target for target in merged.get("targets", ()) if target["name"] == name]
        if not mine:
            raise ConfigurationError(f"--target-header: there is no target {name}")
        mine[0]["headers"] = {**mine[0].get("headers", {}), **headers}
    merged.pop("target_headers", None)
    # A file that was neither named nor needed is easily forgotten.
    is_unnamed = path is None and source.path is not None and "document" in given
    source.data = merged
    return Plan(source, (f"the settings in {source.path} apply",) if is_unnamed else ())


def _rule(table: Mapping[str, Any]) -> Rule:
    kind = next(kind for kind in KINDS if kind in table)
    value = table[kind] if table[kind] is not True else None
    return Rule(table.get("operation", "*"), table.get("where", ""), kind, table["reason"], value)
