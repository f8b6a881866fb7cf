"""Where the command keeps what it needs and makes."""

from pathlib import Path

from twins.paths import BUILD, CONTRACT_TESTS

HERE = Path(__file__).resolve().parent
FIXTURES = CONTRACT_TESTS / "tests"
WORK = BUILD / "power"
LOGS = WORK / "logs"
REPORT = BUILD / "power.json"
