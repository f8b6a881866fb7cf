"""Mapping between the values of two servers, and the differences between them."""

from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference

__all__ = ["Clock", "Difference"]
