"""Code samples: how each operation is called from a shell, from Python and from Node."""

from twins.samples.catalogue import CodeSample, samples

__all__ = ["CodeSample", "samples"]
