"""Automatic mutants: drawn at random, by standard operators, from the sources of both twins.

The operators are our own, in 200 lines for each language. cosmic-ray and mutmut run tests of one
process on Python alone, and delete no statement or string; Stryker knows no numbers, returned
values or statements. A score over both twins needs the same operators on either side.
"""
