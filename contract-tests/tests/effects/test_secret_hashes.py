"""The parameters of a password hash are separated from its salt and digest."""

from __future__ import annotations

import pytest

from lockstep.effects.secret_hashes import hash_form

_DIGEST = "0a1b2c3d" * 8


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$Y0DmVvZ0Y0DmVvZ0",
            "$argon2id$v=19$m=19456,t=2,p=1$(16 characters)$(16 characters)",
        ),
        (f"$2b$12${'abcdefgh' * 6}abcde", "$2b$12$(53 characters)"),
        (
            f"pbkdf2_sha256$600000$Zy4xQ1wS9a${_DIGEST}",
            "pbkdf2_sha256$600000$(10 characters)$(64 characters)",
        ),
        (
            f"scrypt:32768:8:1$c2FsdHNhbHQ${_DIGEST}",
            "scrypt:32768:8:1$(11 characters)$(64 characters)",
        ),
        ("$5 and $6", None),
        ("a price of 5$", None),
        ("", None),
    ],
)
def test_the_scheme_and_its_cost_parameters_are_kept(text: str, form: str | None) -> None:
    assert hash_form(text) == form
