"""Where the command keeps what it needs and makes."""

from pathlib import Path

from testbed.paths import BUILD

HERE = Path(__file__).resolve().parent
WORK = BUILD / "power"
LOGS = WORK / "logs"
REPORT = BUILD / "power.json"
