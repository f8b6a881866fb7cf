"""Code samples: how each operation is called from a shell, from Python and from Node."""

from tooling.site.samples.catalogue import VARIABLES, CodeSample, samples
from tooling.site.samples.clients import ClientUse, client_uses

__all__ = ["VARIABLES", "ClientUse", "CodeSample", "client_uses", "samples"]
