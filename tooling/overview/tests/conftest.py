"""Fixtures shared with the tests of other packages."""

from testbed.fixtures import stage

__all__ = ["stage"]
