"""The configuration of a run: `lockstep.toml`, overridden by the command line."""

from lockstep.configuration.plan import Plan, make_plan
from lockstep.configuration.reading import ConfigurationError

__all__ = ["ConfigurationError", "Plan", "make_plan"]
