"""Decides whether two answers are the same once server-made values are matched."""

from lockstep.compare.clock import Clock
from lockstep.compare.difference import Difference

__all__ = ["Clock", "Difference"]
