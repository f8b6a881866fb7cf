"""Paths in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "openapi.yaml"
PYTHON = ROOT / "python"
NODE = ROOT / "node"
PYTHON_ADAPTERS = PYTHON / "adapters"
NODE_ADAPTERS = NODE / "adapters"
CONTRACT_TESTS = ROOT / "contract-tests"
# Servers run in a directory without a `.env` file.
WITHOUT_ENV_FILE = CONTRACT_TESTS
TOOLING = ROOT / "tooling"
BENCHMARK = TOOLING / "benchmark"
SITE = TOOLING / "site"
MIRROR_EXCEPTIONS = CONTRACT_TESTS / "suite/mirror.yaml"
DOCS = ROOT / "docs"
BUILD = ROOT / "build"
DATA = ROOT / ".data"
