"""Isolation of several engines in one process."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock


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
