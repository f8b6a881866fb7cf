"""Finds the folders in which servers are installed, in their error messages."""

from __future__ import annotations

import re
from collections.abc import Iterator

# The placeholder for such a folder.
FOLDER = "{folder}"
# Below a folder of the Filesystem Hierarchy Standard, or a usual one of containers and macOS.
_FILE = re.compile(
    r"(?<![\w.:/-])/(?:app|home|mnt|opt|private|root|srv|tmp|usr|var|Users)(?:/[\w.@+-]+){2,}"
)


def folders(left: str, right: str) -> Iterator[tuple[str, str]]:
    """Yield the two folders of each pair of files with the same path below different folders."""
    ours, theirs = _FILE.findall(left), _FILE.findall(right)
    if len(ours) != len(theirs):
        return
    for one, other in dict.fromkeys(zip(ours, theirs, strict=True)):
        names, others = one.split("/"), other.split("/")
        while names and others and names[-1] == others[-1]:
            names.pop()
            others.pop()
        folder = "/".join(names), "/".join(others)
        if all(folder) and folder != (one, other):
            yield folder
