"""Proves findings by experiments on the live targets, and makes their steps short."""

from lockstep.confirm.confirmer import Confirmer
from lockstep.confirm.shrinker import ShrinkSettings

__all__ = ["Confirmer", "ShrinkSettings"]
