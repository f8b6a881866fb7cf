"""Deliberate faults, and the matrix of which driver catches which."""

from lockstep.saboteurs.catalogue import Replacement, Saboteur, SaboteurError, load_saboteurs
from lockstep.saboteurs.hunt import CONTROL, Hunt, Report
from lockstep.saboteurs.matrix import Catch, Matrix, print_matrix

__all__ = [
    "CONTROL",
    "Catch",
    "Hunt",
    "Matrix",
    "Replacement",
    "Report",
    "Saboteur",
    "SaboteurError",
    "load_saboteurs",
    "print_matrix",
]
