"""How much slower everything runs on a busy machine."""

import os

_MOST = 10.0


def stretch() -> float:
    """Return the number of runnable processes per processor, at least 1.

    Time limits are multiplied by it: load from other processes is not a server's fault.
    """
    return min(_MOST, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
