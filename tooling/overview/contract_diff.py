"""Says what changed in openapi.yaml since an older one, and whether that breaks clients.

python -m tooling.overview.contract_diff [REV] [options of `lockstep diff`]

REV is a revision of git, the last one by default, or a file. Exits with 0 when nothing breaks, 1
when clients may break, 2 when it cannot be determined.
"""

import subprocess
import sys
from pathlib import Path

from testbed.paths import BUILD, CONTRACT, ROOT

_COULD_NOT = 2


class RevisionError(Exception):
    """There is no such contract; the message is git's."""


def older_contract(revision: str) -> Path:
    """The contract of a revision, or the file of that name. Raises RevisionError."""
    if Path(revision).is_file():
        return Path(revision)
    name = f"{revision}:{CONTRACT.relative_to(ROOT)}"
    shown = subprocess.run(["git", "show", name], cwd=ROOT, capture_output=True, check=False)
    if shown.returncode:
        raise RevisionError(shown.stderr.decode(errors="replace").strip())
    target = BUILD / "contract-diff" / f"{revision.replace('/', '-')}.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(shown.stdout)
    return target


def main() -> int:
    """Compare; return the exit code of `lockstep diff`."""
    revision, *options = sys.argv[1:] or ["HEAD"]
    if revision.startswith("-"):
        revision, options = "HEAD", sys.argv[1:]
    try:
        old = older_contract(revision)
    except RevisionError as error:
        print(error, file=sys.stderr)
        return _COULD_NOT
    command = [sys.executable, "-m", "lockstep", "diff", str(old), str(CONTRACT), *options]
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main())
