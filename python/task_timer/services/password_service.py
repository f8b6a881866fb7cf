"""Passwords: hashed by argon2id (RFC 9106)."""

from dataclasses import dataclass

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from ..contract import Contract
from ..current import resources
from ..db import release_connection
from ..utils.bounded_queue import BoundedQueue


@dataclass(frozen=True, slots=True)
class Hashing:
    """The parameters of hashing, the queue for it, and a hash that belongs to no user."""

    hasher: PasswordHasher
    queue: BoundedQueue
    nobodys_hash: str


def make_hashing(contract: Contract) -> Hashing:
    """Reads the cost parameters from the contract, and hashes once for `verify_nobody`."""
    costs = contract["x-password-hash"]
    hasher = PasswordHasher(
        time_cost=costs["iterations"],
        memory_cost=costs["memory_kib"],
        parallelism=costs["parallelism"],
        hash_len=costs["hash_bytes"],
        salt_len=costs["salt_bytes"],
        type=Type.ID,
    )
    queue = BoundedQueue(**contract["x-password-queue"])
    return Hashing(hasher, queue, hasher.hash("nobody's password"))


def hash_password(password: str) -> str:
    """Hashes a password with a new salt. Raises OverloadedError."""
    hashing = resources().hashing
    release_connection()
    return hashing.queue.run(hashing.hasher.hash, password)


def verify_password(password_hash: str, password: str) -> bool:
    """Returns whether a password matches a hash. Raises OverloadedError."""
    hashing = resources().hashing
    release_connection()
    try:
        return hashing.queue.run(hashing.hasher.verify, password_hash, password)
    except VerifyMismatchError:
        return False


def is_outdated(password_hash: str) -> bool:
    """Returns whether a hash has other parameters than those of the contract."""
    return resources().hashing.hasher.check_needs_rehash(password_hash)


def verify_nobody(password: str) -> bool:
    """Takes as long as `verify_password`, and returns false."""
    return verify_password(resources().hashing.nobodys_hash, password) and False
