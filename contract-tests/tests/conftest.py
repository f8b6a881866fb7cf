"""Fixtures shared by the tests of lockstep: two toy servers and a run against them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fixtures.notes_server import DOCUMENT, serve

from lockstep.auth.actors import ActorSpec, Call
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

CREDENTIALS = {"name": "${actor}${unique}", "password": "secret"}


def actor(name: str) -> ActorSpec:
    """An actor of the toy API."""
    return ActorSpec(
        name, register=Call("registerUser", CREDENTIALS), login=Call("logIn", CREDENTIALS)
    )


@pytest.fixture(scope="session")
def document() -> Document:
    """The document of the toy API."""
    return Document.load(DOCUMENT)


@pytest.fixture
def servers() -> Iterator[Servers]:
    """A function that starts two servers: a correct `left`, and `right` with the given faults."""
    with ExitStack() as stack:

        def start(*faults: str) -> list[Target]:
            left = stack.enter_context(serve("left"))
            return [left, stack.enter_context(serve("right", *faults))]

        yield start


@pytest.fixture
def settings() -> Settings:
    """The settings of a small run against the toy API."""
    return Settings(
        document=DOCUMENT,
        actors=(actor("alice"), actor("bob")),
        seed=7,
        fuzz=FuzzSettings(phases=("fuzzing",), max_examples=4),
        require_coverage=False,
    )


@pytest.fixture
def run(settings: Settings) -> Run:
    """A run that has not started."""
    return Run(settings)
