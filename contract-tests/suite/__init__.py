"""The tests of the twins: contract tests, mutants, seeds, and the mirror check."""
