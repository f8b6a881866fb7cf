"""Which values of two servers stand for one another, and what a difference between them is."""

from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference

__all__ = ["Clock", "Difference"]
