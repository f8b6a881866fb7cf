"""A reverse proxy that answers from one target and compares the others on the side."""

from lockstep.proxy.serving import ProxyError
from lockstep.proxy.settings import ProxySettings
from lockstep.proxy.stage import compare_traffic

__all__ = ["ProxyError", "ProxySettings", "compare_traffic"]
