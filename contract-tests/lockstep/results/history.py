"""Holds the requests that later ones may depend on."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import dataclass, field

from lockstep.matching.bounded_dict import BoundedDict
from lockstep.results.exchange import Exchange

# Older values lose their maker, which bounds the memory of long runs.
KEPT_MAKERS = 20_000
KEPT_SHOWN = 20_000
KEPT_GROUPS = 1_000
KEPT_DONE = 5_000


@dataclass(slots=True)
class History:
    """The requests since the last reset of the targets, shared by their traces.

    Safe to use from several threads while they hold the lock.
    """

    makers: BoundedDict[str, Exchange] = field(default_factory=lambda: BoundedDict(KEPT_MAKERS))
    # The first reads of texts that differ between targets and have no known maker.
    shown: BoundedDict[str, Exchange] = field(default_factory=lambda: BoundedDict(KEPT_SHOWN))
    writes: BoundedDict[str, deque[Exchange]] = field(
        default_factory=lambda: BoundedDict(KEPT_MAKERS)
    )
    # The writes whose responses show a value that something else has made.
    shown_by: BoundedDict[str, deque[Exchange]] = field(
        default_factory=lambda: BoundedDict(KEPT_MAKERS)
    )
    groups: BoundedDict[str, list[Exchange]] = field(
        default_factory=lambda: BoundedDict(KEPT_GROUPS)
    )
    done: BoundedDict[tuple[object, ...], Exchange] = field(
        default_factory=lambda: BoundedDict(KEPT_DONE)
    )
    # The writes that a user has sent, or that name the user, by the group of the user's log-in.
    of_users: BoundedDict[str, deque[Exchange]] = field(
        default_factory=lambda: BoundedDict(KEPT_GROUPS)
    )
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)
