"""The machine and the versions of a measurement."""

import hashlib
import platform
import re
import subprocess
from collections.abc import Collection
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from testbed.paths import BENCHMARK, NODE, NODE_ADAPTERS, ROOT
from testbed.servers import node_program

_PYTHON_PACKAGES = ("Flask", "gunicorn", "uvicorn", "SQLAlchemy", "psycopg")
# Committed, changed and untracked files.
_QUESTIONS = (
    ("ls-files", "--stage"),
    ("diff",),
    ("ls-files", "--others", "--exclude-standard"),
)
_MEASURED = (
    "openapi.yaml",
    "python",
    "node",
    "tooling/benchmark/package-lock.json",
    "tooling/benchmark/baselines",
    "tooling/benchmark/sender",
    "tooling/benchmark/workload.yaml",
    "tooling/benchmark/population.py",
)
_NODE_PACKAGES = ("express", "@prisma/client", "pg")
_ADAPTERS = {"fastapi": ("fastapi",), "fastify": ("fastify",)}


def machine() -> dict[str, Any]:
    """Return processor, cores, memory in bytes, and operating system."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
    }


def versions(postgres: str, contestants: Collection[str]) -> dict[str, str]:
    """Return the versions of the measured software, by name."""
    node = subprocess.run([node_program(), "--version"], capture_output=True, text=True).stdout
    fastapi = _ADAPTERS["fastapi"] if "fastapi" in contestants else ()
    fastify = _ADAPTERS["fastify"] if "fastify" in contestants else ()
    return {
        "Python": platform.python_version(),
        "Node": node.strip().removeprefix("v"),
        "PostgreSQL": postgres,
        **{name: version(name) for name in (*_PYTHON_PACKAGES, *fastapi)},
        **{name: _node_version(NODE, name) for name in _NODE_PACKAGES},
        **{name: _node_version(NODE_ADAPTERS / "fastify", name) for name in fastify},
        "undici, which sends": _node_version(BENCHMARK, "undici"),
    }


def commit() -> str | None:
    """Return the commit that is checked out, with a plus if files differ; None without git."""
    head = _git("rev-parse", "--short=12", "HEAD").strip()
    return f"{head}+" if head and _git("status", "--porcelain") else head or None


def code() -> str:
    """Return a digest of all measured code, committed or not; presentation is excluded."""
    outputs = [_git(*question, "--", *_MEASURED) for question in _QUESTIONS]
    return hashlib.sha256("".join(outputs).encode()).hexdigest()[:16]


def now() -> str:
    """Return the time in UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else ""


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*: (.+)$", info, re.MULTILINE)
    return found[1] if found else platform.machine()


def _node_version(folder: Path, package: str) -> str:
    described = (folder / "node_modules" / package / "package.json").read_text(encoding="utf-8")
    found = re.search(r'"version": *"([^"]+)"', described)
    return found[1] if found else "unknown"
