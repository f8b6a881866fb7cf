"""Passwords: hashed by argon2id (RFC 9106)."""

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from ..contract import Contract


class _Process:
    hasher: PasswordHasher
    nobodys_hash: str


def configure(contract: Contract) -> None:
    """Takes the costs of a hash from the contract, and hashes once for `verify_nobody`."""
    costs = contract["x-password-hash"]
    _Process.hasher = PasswordHasher(
        time_cost=costs["iterations"],
        memory_cost=costs["memory_kib"],
        parallelism=costs["parallelism"],
        hash_len=costs["hash_bytes"],
        salt_len=costs["salt_bytes"],
        type=Type.ID,
    )
    _Process.nobodys_hash = _Process.hasher.hash("nobody's password")


def hash_password(password: str) -> str:
    """Hashes a password with a new salt."""
    return _Process.hasher.hash(password)


def verify_password(password_hash: str, password: str) -> bool:
    """Tells whether a password is the one that was hashed."""
    try:
        return _Process.hasher.verify(password_hash, password)
    except VerifyMismatchError:
        return False


def verify_nobody(password: str) -> bool:
    """Takes as long as `verify_password` does, and says no."""
    return verify_password(_Process.nobodys_hash, password) and False
