"""Confirms findings by experiments on the live targets, and shortens their steps."""

from lockstep.confirm.confirmer import Confirmer
from lockstep.confirm.shrinker import ShrinkSettings

__all__ = ["Confirmer", "ShrinkSettings"]
