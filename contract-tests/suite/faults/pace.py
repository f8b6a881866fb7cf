"""How much slower all things go on a machine that does others as well."""

import os

_MOST = 10.0


def stretch() -> float:
    """How many want each processor now, at least 1.

    Limits of time are stretched by it: that others use the machine is no fault of a server.
    """
    return min(_MOST, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
