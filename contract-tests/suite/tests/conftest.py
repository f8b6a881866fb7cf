"""Fixtures shared with the tests of other packages."""

from testbed.fixtures import sample_data, stage

__all__ = ["sample_data", "stage"]
