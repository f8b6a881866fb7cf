"""Fixtures that the tests here share with those of other rooms."""

from testbed.fixtures import stage

__all__ = ["stage"]
