"""Isolation of several engines in one process."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from lockstep.results.faults import one_line

# What the names of the engine's threads start with.
_ENGINE = "schemathesis"


@contextmanager
def one_parser_at_a_time() -> Iterator[None]:
    """Serialize calls of the Python parser, which Hypothesis uses, across threads.

    CPython before 3.11.8 counts the depth of all parsers together and then raises `SystemError`
    (python/cpython#106905).
    """
    if sys.version_info >= (3, 11, 8):
        yield
        return
    lock, parse = threading.RLock(), ast.parse

    def parse_alone(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return parse(*args, **kwargs)

    with mock.patch.object(ast, "parse", parse_alone):
        yield


@contextmanager
def ended_threads_noted(note: Callable[[str], None]) -> Iterator[None]:
    """Describe each unexpected exception that ends a thread of the engine, without a traceback."""
    others = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or not (args.thread and args.thread.name.startswith(_ENGINE)):
            others(args)
        else:
            error = one_line(args.exc_value)
            note(f"an internal error ended the generated requests early: {error}")

    with mock.patch.object(threading, "excepthook", hook):
        yield
