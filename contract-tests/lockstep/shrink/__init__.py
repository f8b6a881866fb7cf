"""Makes the sequences of findings short, by playing shorter ones on the live targets."""

from lockstep.shrink.shrinker import Shrinker, ShrinkSettings

__all__ = ["ShrinkSettings", "Shrinker"]
