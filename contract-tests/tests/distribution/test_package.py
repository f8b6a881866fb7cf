"""The package as people install it: what is in it, that it runs, what building leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fixtures.notes_server import DOCUMENT

from lockstep import __version__
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

PROJECT = Path(__file__).parents[2]
REPOSITORY = PROJECT.parent
# The package is built with what is installed already: nothing is fetched.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONPATH": ""}


@dataclass(frozen=True, slots=True)
class Built:
    """What was built from a copy of the sources, and that copy, which is a repository."""

    wheel: Path
    sdist: Path
    sources: Path


def command(*words: object, cwd: Path | None = None, code: int = 0) -> str:
    """What a command prints; it must end with a code."""
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **OFFLINE},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def git(sources: Path, *words: str) -> str:
    """What git says of a repository, whoever has configured it."""
    return command(
        "git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words, cwd=sources
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The package, built from a copy of the sources with caches in it."""
    folder = tmp_path_factory.mktemp("package")
    sources = folder / "sources" / PROJECT.name
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        sources.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, sources)
    for name in ("lockstep", "tests", "stories", "suite", "testbed"):
        shutil.copytree(
            PROJECT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(REPOSITORY / ".gitignore", sources.parent)
    git(sources.parent, "init", "--quiet")
    git(sources.parent, "add", ".")
    git(sources.parent, "commit", "--quiet", "--message", "as it is")
    output = folder / "dist"
    command(sys.executable, "-m", "build", "--no-isolation", "--outdir", output, sources)
    return Built(next(output.glob("*.whl")), next(output.glob("*.tar.gz")), sources)


@pytest.fixture(scope="module")
def python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    found = folder / "bin" / "python"
    command(sys.executable, "-m", "pip", "--python", found, "install", "--no-deps", built.wheel)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    # A line of a path adds a folder without what is in its own lines: not this package as it is.
    (Path(paths["purelib"]) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


def _in_wheel(built: Built) -> set[str]:
    with zipfile.ZipFile(built.wheel) as archive:
        return set(archive.namelist())


def _in_sdist(built: Built) -> set[str]:
    with tarfile.open(built.sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def _tracked() -> set[str]:
    """The files of the package: those in its folder that are no caches."""
    found = (path for path in (PROJECT / "lockstep").rglob("*") if path.is_file())
    return {str(one.relative_to(PROJECT)) for one in found if "__pycache__" not in one.parts}


def test_both_archives_hold_the_whole_package_and_nothing_else(built: Built) -> None:
    about = f"lockstep_http-{__version__}.dist-info"
    metadata = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    assert _in_wheel(built) == _tracked() | {f"{about}/{name}" for name in metadata}
    assert _in_sdist(built) == _tracked() | {
        *("LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore")
    }


def test_data_files_are_packaged(built: Built) -> None:
    parts = {
        *("py.typed", "report/templates/report.html.j2", "report/templates/report.css"),
        *("schemas/report.schema.json", "schemas/configuration.schema.json"),
        "drivers/traps/catalogue/framing.yaml",
    }
    assert {f"lockstep/{name}" for name in parts} <= _in_wheel(built)


def test_the_description_on_pypi_is_valid(built: Built) -> None:
    assert "FAILED" not in command(
        sys.executable, "-m", "twine", "check", "--strict", built.wheel, built.sdist
    )


def test_installing_leaves_nothing_among_the_sources(built: Built, tmp_path: Path) -> None:
    options = ("--no-deps", "--no-build-isolation", "--target", tmp_path / "there")
    command(sys.executable, "-m", "pip", "install", *options, built.sources)
    assert (tmp_path / "there" / "lockstep" / "py.typed").exists()
    assert git(built.sources.parent, "status", "--porcelain", "--ignored") == ""


def test_the_licence_is_that_of_the_repository() -> None:
    assert (PROJECT / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def test_the_command_prints_its_version_and_help(python: Path, tmp_path: Path) -> None:
    lockstep = python.parent / "lockstep"
    assert command(lockstep, "--version", cwd=tmp_path) == f"lockstep {__version__}\n"
    assert "Usage: lockstep run" in command(lockstep, "run", "--help", cwd=tmp_path)
    where = command(python, "-c", "import lockstep; print(lockstep.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(python.parents[1])


def test_pytest_finds_the_plugin(python: Path, tmp_path: Path) -> None:
    assert "@pytest.mark.lockstep(" in command(python, "-m", "pytest", "--markers", cwd=tmp_path)


def test_it_compares_two_servers(python: Path, servers: Servers, tmp_path: Path) -> None:
    options = [f"--target={target.name}={target.base_url}" for target in servers("leak")]
    page = tmp_path / "report.html"
    command(
        *(python.parent / "lockstep", "run", DOCUMENT, *options, "--phase=examples"),
        *("--no-self-check", f"--html={page}"),
        cwd=tmp_path,
        code=1,
    )
    assert "<style>" in page.read_text()


def test_requirements_of_the_proxy_are_an_extra() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    needed = {line.partition(">")[0] for line in project["optional-dependencies"]["proxy"]}
    # It answers without uvloop as well, and needs more processor time.
    assert needed == {"aiohttp", "multidict", "prometheus-client", "uvloop", "yarl"}
    assert not needed & {line.partition(">")[0] for line in project["dependencies"]}


@pytest.mark.parametrize("missing", ["aiohttp", "multidict", "prometheus_client", "yarl"])
def test_without_the_extra_the_proxy_says_how_to_install_it(missing: str) -> None:
    shown = without([missing], "proxy", "a.yaml", "--target=a=http://h", code=2)
    said = f"the proxy needs {missing}, which is not installed: pip install 'lockstep-http[proxy]'"
    assert shown == f"lockstep: {said}\n"


def test_without_the_extra_all_else_runs() -> None:
    assert "  proxy " in without(["aiohttp", "multidict", "prometheus_client", "yarl"], "--help")


def without(missing: list[str], *arguments: str, code: int = 0) -> str:
    """What the command prints where some libraries are not installed."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({missing!r}))\n"
        "from lockstep.cli import main; main(prog_name='lockstep')"
    )
    return command(sys.executable, "-c", program, *arguments, cwd=PROJECT, code=code)
