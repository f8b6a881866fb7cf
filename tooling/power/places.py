"""The paths of the command's files."""

from pathlib import Path

from testbed.paths import BUILD

HERE = Path(__file__).resolve().parent
WORK = BUILD / "power"
LOGS = WORK / "logs"
REPORT = BUILD / "power.json"
