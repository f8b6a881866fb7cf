"""Automatic mutants: a random sample, by standard operators, of the sources of both twins.

The operators are implemented here, in 200 lines for each language. cosmic-ray and mutmut mutate
only Python, run tests in one process, and delete no statements or strings; Stryker has no operators
for numbers, return values or statements. A score over both twins needs the same operators on both
sides.
"""
