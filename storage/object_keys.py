"""Keys of objects, `account/sha256`: made by us alone, so that no name from outside becomes one."""

import re
from collections.abc import Callable
from typing import TypeAlias

MISSING = "object_missing"  # code of the error where there is no such object
OnBytes: TypeAlias = Callable[[int], None]  # told how many bytes were sent so far
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}/[0-9a-f]{64}")
_PREFIX = re.compile(r"([A-Za-z0-9_-]{1,64}(/[0-9a-f]{0,64})?)?")


def object_key(account_id: str, sha256: str) -> str:
    """Return where an account's bytes with this hash lie."""
    return checked_key(f"{account_id}/{sha256}")


def is_key(key: str) -> bool:
    """Tell whether a key is one of ours."""
    return bool(_KEY.fullmatch(key))


def checked_key(key: str) -> str:
    """Return a key that is one of ours; anything else is our own bug and goes nowhere."""
    if not is_key(key):
        raise ValueError(f"{key!r} is no account/sha256")
    return key


def checked_prefix(prefix: str) -> str:
    """Return a prefix that begins one of our keys; anything else is our own bug."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix!r} begins no account/sha256")
    return prefix
