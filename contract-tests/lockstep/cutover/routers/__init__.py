"""Routers, which send each request to one of the targets, by adjustable shares."""

from lockstep.cutover.routers.caddy import Caddy
from lockstep.cutover.routers.files import FileRouter
from lockstep.cutover.routers.shares import Router, RouterError

__all__ = ["Caddy", "FileRouter", "Router", "RouterError"]
