"""A reverse proxy that responds from one target and compares the others in the background.

It is run by `lockstep.proxy.stage`; only that module needs the extra `proxy`.
"""

from lockstep.proxy.settings import ProxyError, ProxySettings

__all__ = ["ProxyError", "ProxySettings"]
