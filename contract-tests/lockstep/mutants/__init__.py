"""Mutation testing: deliberate faults, and the matrix of the drivers that catch them."""

from lockstep.mutants.catalogue import Mutant, MutantError, Replacement, choose, load_mutants
from lockstep.mutants.hunt import CONTROL, Hunt, Report
from lockstep.mutants.matrix import (
    COULD_NOT,
    Catch,
    Matrix,
    exit_code,
    print_matrix,
    read_matrix,
    write_matrix,
)

__all__ = [
    "CONTROL",
    "COULD_NOT",
    "Catch",
    "Hunt",
    "Matrix",
    "Mutant",
    "MutantError",
    "Replacement",
    "Report",
    "choose",
    "exit_code",
    "load_mutants",
    "print_matrix",
    "read_matrix",
    "write_matrix",
]
