"""The accepted and the rejected values of each setting, with the error messages."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from testbed.paths import CONTRACT_TESTS

MATRIX = CONTRACT_TESTS / "startup.yaml"
_ODD_NUMBERS = ("x", "-1", "+1", "1.0", "1e1", " 1", "1 ", "0x1", "\uff11", "1000000000", "1,000")

_PACKED = 5
# The settings file in the working directory; the value is its content.
ENV_FILE = ".env"


@dataclass(frozen=True, slots=True)
class Case:
    """A value of a setting, and its error message, `None` if it is accepted.

    beside: other settings that it depends on.
    """

    setting: str
    value: str
    fault: str | None
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> str | None:
        """The line that a server writes to standard error."""
        if self.fault is None or self.setting == ENV_FILE:
            return self.fault
        return f"{self.setting}: {self.fault}"


def load_cases(path: Path = MATRIX) -> list[Case]:
    """Read the description of the settings."""
    described: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [case for setting, rules in described.items() for case in _all_cases(setting, rules)]


def packed(cases: list[Case]) -> Iterator[tuple[Case, ...]]:
    """Combine one case of each setting, repeatedly with other cases.

    Rejected values are not combined with accepted ones: all errors are reported at once.
    """
    yield from ((case,) for case in cases if case.beside)
    for is_refused in (False, True):
        by_setting = [
            _spread(list(group))
            for _, group in itertools.groupby(
                (
                    each
                    for each in cases
                    if (each.fault is not None) == is_refused and not each.beside
                ),
                lambda case: case.setting,
            )
        ]
        for row in itertools.zip_longest(*by_setting):
            yield tuple(case for case in row if case is not None)


def _spread(cases: list[Case]) -> list[Case]:
    """Return the first, the last, and some cases between."""
    steps = min(len(cases), _PACKED) - 1
    return [cases[round(at * (len(cases) - 1) / max(1, steps))] for at in range(steps + 1)]


def _all_cases(setting: str, rules: Mapping[str, Any]) -> Iterator[Case]:
    yield from _cases(setting, rules)
    for other in rules.get("beside", ()):
        yield from (replace(case, beside=other["settings"]) for case in _cases(setting, other))


def _cases(setting: str, rules: Mapping[str, Any]) -> Iterator[Case]:
    if "whole" in rules:
        least, most = rules["whole"]
        fault = f"must be an integer from {least} to {most}"
        yield from (Case(setting, value, None) for value in ("", str(least), str(most), f"0{most}"))
        # The first and the last are always selected.
        refused = (str(most + 1), *_ODD_NUMBERS, str(least - 1))
        yield from (Case(setting, value, fault) for value in refused)
    elif "choices" in rules:
        choices = rules["choices"]
        fault = f"must be one of {', '.join(choices)}"
        yield from (Case(setting, value, None) for value in ("", *choices))
        odd = ("x", choices[0].upper(), f" {choices[0]}", f"{choices[0]},{choices[1]}")
        yield from (Case(setting, value, fault) for value in odd)
    else:
        yield from (Case(setting, value, None) for value in rules["taken"])
        for fault, values in rules["refused"].items():
            yield from (Case(setting, value, fault) for value in values)
