"""Fixtures that the tests here share with those of other rooms."""

from testbed.fixtures import sample_data, stage

__all__ = ["sample_data", "stage"]
