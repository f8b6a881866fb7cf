"""Code samples: how each operation is called from a shell, from Python and from Node."""

from twins.samples.catalogue import VARIABLES, CodeSample, samples
from twins.samples.clients import ClientUse, client_uses

__all__ = ["VARIABLES", "ClientUse", "CodeSample", "client_uses", "samples"]
