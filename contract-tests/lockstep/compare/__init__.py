"""Decides whether two answers are the same once server-made values are matched."""

from lockstep.compare.answers import Comparer
from lockstep.compare.clock import Clock
from lockstep.compare.difference import Difference
from lockstep.compare.parsed import ParsedAnswer

__all__ = ["Clock", "Comparer", "Difference", "ParsedAnswer"]
