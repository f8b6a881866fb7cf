"""A reverse proxy that answers from one target and compares the others on the side.

It is run by `lockstep.proxy.stage`, which alone needs what the extra `proxy` installs.
"""

from lockstep.proxy.settings import ProxyError, ProxySettings

__all__ = ["ProxyError", "ProxySettings"]
