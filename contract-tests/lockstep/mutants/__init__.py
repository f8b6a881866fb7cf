"""Deliberate faults, and the matrix of which driver catches which."""

from lockstep.mutants.catalogue import Mutant, MutantError, Replacement, load_mutants
from lockstep.mutants.hunt import CONTROL, Hunt, Report
from lockstep.mutants.matrix import Catch, Matrix, print_matrix

__all__ = [
    "CONTROL",
    "Catch",
    "Hunt",
    "Matrix",
    "Mutant",
    "MutantError",
    "Replacement",
    "Report",
    "load_mutants",
    "print_matrix",
]
