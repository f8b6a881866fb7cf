"""Saboteurs are well-formed, apply to the twins as they are, and say so when they do not."""

from pathlib import Path

import pytest

from twins import sabotage
from twins.sabotage import Replacement, SabotageError, Saboteur

FORM = """
id: {id}
twin: python
layer: service
about: Nothing.
patch:
  - {{ file: app.py, find: x, replace: y }}
"""


def saboteur(find: str, file: str = "app.py") -> Saboteur:
    return Saboteur("lost", "python", "service", "Nothing.", (Replacement(file, find, ""),))


@pytest.mark.parametrize("each", sabotage.load_saboteurs(), ids=lambda each: each.id)
def test_patch_applies(each: Saboteur) -> None:
    each.patched_files()


@pytest.mark.parametrize("find", ["not in any file", "import"])
def test_patch_that_is_not_found_once_is_named(find: str) -> None:
    with pytest.raises(SabotageError, match=r"^lost: .*app\.py has the text \d+ times"):
        saboteur(find).patched_files()


def test_patch_of_a_file_that_is_gone_is_named() -> None:
    with pytest.raises(SabotageError, match=r"^lost: there is no .*gone\.py"):
        saboteur("x", file="gone.py").patched_files()


def test_id_is_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(FORM.format(id="other"), encoding="utf-8")
    with pytest.raises(SabotageError, match="its id is other"):
        sabotage.load_saboteurs(tmp_path)


def test_form_is_checked(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("id: one\n", encoding="utf-8")
    with pytest.raises(SabotageError, match="required"):
        sabotage.load_saboteurs(tmp_path)


def test_typescript_becomes_javascript(tmp_path: Path) -> None:
    each = Saboteur(
        "silent",
        "node",
        "service",
        "Says nothing.",
        (
            Replacement(
                "utils/etag.ts",
                "export function makeEtag",
                "export /* patched */ function makeEtag",
            ),
        ),
    )
    sabotage.build(each, tmp_path)
    compiled = (tmp_path / "dist/utils/etag.js").read_text(encoding="utf-8")
    assert "/* patched */" in compiled
    assert ": string" not in compiled
