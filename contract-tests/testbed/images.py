"""Container images without containers: the files that a Dockerfile copies, in a folder."""

import fnmatch
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from testbed.paths import ROOT

_CONTINUED = re.compile(r"\\\n")
_FROM = re.compile(r"(?P<image>\S+)(?: AS (?P<name>\S+))?")
_ASSIGNED = re.compile(r"(\w+)=(\S+)")

# Callback that runs a command of a stage in its folder, or has the same effect.
Run = Callable[["Layout", str], None]


@dataclass
class Layout:
    """A stage of an image: the folder used as its root, and the image's settings."""

    image: str
    root: Path
    work: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def at(self, path: str) -> Path:
        """Return the location of a path in the image, relative to its working directory."""
        return self.root / (Path(self.work) / path).relative_to("/")


def ignored(pattern_file: Path = ROOT / ".dockerignore") -> Callable[[str], bool]:
    """Return a predicate for files excluded from the build: the last matching pattern decides."""
    lines = pattern_file.read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]

    def is_ignored(path: str) -> bool:
        ancestry = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
        decision = False
        for pattern in patterns:
            glob = pattern.removeprefix("!").removeprefix("**/")
            names = [Path(each).name for each in ancestry] if "**/" in pattern else ancestry
            if any(fnmatch.fnmatch(name, glob) for name in names):
                decision = not pattern.startswith("!")
        return decision

    return is_ignored


def lay_out(dockerfile: Path, folder: Path, run: Run) -> Layout:
    """Follow the instructions of a Dockerfile; the last stage is the image."""
    stages: dict[str, Layout] = {}
    is_ignored = ignored()
    for number, (instruction, text) in enumerate(_instructions(dockerfile)):
        if instruction == "FROM":
            found = _FROM.fullmatch(text)
            assert found is not None, text
            stage = Layout(found["image"], folder / str(number))
            stage.root.mkdir(parents=True)
            stages[found["name"] or ""] = stage
        elif instruction == "WORKDIR":
            stage.work = text
            stage.at(".").mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            _copy(stage, text.split(), stages, is_ignored)
        elif instruction == "ENV":
            stage.environment |= dict(_ASSIGNED.findall(text))
        elif instruction == "RUN":
            run(stage, text)
        elif instruction == "USER":
            stage.user = text
        elif instruction == "HEALTHCHECK":
            stage.health = json.loads(text.partition("CMD ")[2])
        elif instruction == "CMD":
            stage.command = json.loads(text)
    return stage


def _instructions(dockerfile: Path) -> Iterator[tuple[str, str]]:
    text = _CONTINUED.sub("", dockerfile.read_text(encoding="utf-8"))
    for line in text.splitlines():
        if line and not line.startswith("#"):
            instruction, _, rest = line.partition(" ")
            yield instruction, rest.strip()


def _copy(
    stage: Layout,
    words: Sequence[str],
    stages: dict[str, Layout],
    is_ignored: Callable[[str], bool],
) -> None:
    base, of_stage = ROOT, words[0].startswith("--from=")
    if of_stage:
        base = stages[words[0].removeprefix("--from=")].root
        words = words[1:]
    *sources, target = words
    for source in sources:
        path = base / source.lstrip("/")
        into = stage.at(target)
        if path.is_dir():
            _copy_folder(path, into, base, (lambda _: False) if of_stage else is_ignored)
            continue
        assert of_stage or not is_ignored(source), f"{source} is not sent to the build"
        into = into / path.name if target.endswith(("/", ".")) or len(sources) > 1 else into
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, into)


def _copy_folder(path: Path, into: Path, base: Path, is_ignored: Callable[[str], bool]) -> None:
    if path.is_symlink():
        into.symlink_to(path.readlink())
        return
    into.mkdir(parents=True, exist_ok=True)
    for each in path.iterdir():
        if is_ignored(str(each.relative_to(base))):
            continue
        if each.is_dir():
            _copy_folder(each, into / each.name, base, is_ignored)
        else:
            shutil.copy2(each, into / each.name)


def ran(layout: Layout, command: str) -> None:
    """Run a command of a stage with the programs of this machine."""
    subprocess.run(
        ["sh", "-c", command], cwd=layout.at("."), check=True, capture_output=True, timeout=300
    )
