"""Generates docs/, the site about the contract, its tests and both programs.

python -m tooling.site
"""

import sys

from testbed.paths import DOCS
from tooling.site.build import write_site


def main() -> int:
    """Write the site and print its size."""
    files = write_site(DOCS)
    size = sum(map(len, files.values())) / 1e6
    print(f"Wrote {DOCS}: {len(files)} files, {size:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
