"""What a run is told: by `lockstep.toml`, and by the command line over it."""

from lockstep.configuration.plan import Plan, make_plan
from lockstep.configuration.reading import ConfigurationError

__all__ = ["ConfigurationError", "Plan", "make_plan"]
