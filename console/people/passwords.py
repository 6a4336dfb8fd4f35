"""Passwords: argon2id with the library's defaults (RFC 9106, second choice), and which are refused."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from pipeline.errors import InputError

SHORTEST = 12
LONGEST = 256  # longer ones cost the server, not an attacker
_HASHER = PasswordHasher()
# Verified where there is no such person, so that both answers take the same time.
_NOBODYS_HASH = _HASHER.hash("nobody has this password")
# The most used ones of at least twelve characters (OWASP ASVS 2.1.7), and what people make of our name.
_COMMON = frozenset(
    [
        "123456789012",
        "1234567890123",
        "123456789123",
        "qwertyuiop123",
        "qwertyuiop12",
        "password1234",
        "password12345",
        "passwordpassword",
        "iloveyou1234",
        "adminadmin123",
        "letmeinletmein",
        "administrator",
        "welcome12345",
        "changeme1234",
        "voiceverity1",
        "voiceverity123",
        "1q2w3e4r5t6y",
        "qwerty123456",
        "aaaaaaaaaaaa",
        "000000000000",
        "111111111111",
        "abcdefghijkl",
        "abc123456789",
    ]
)


def check_password(password: str, email: str) -> None:
    """Pass where a new password is good enough: long, not common, not the address.

    Raises:
        InputError: it is not (`password_weak`).
    """
    said = ""
    if len(password) < SHORTEST:
        said = f"The password is too short: use at least {SHORTEST} characters, such as four words."
    elif len(password) > LONGEST:
        said = f"The password is too long: use at most {LONGEST} characters."
    elif password.lower() in _COMMON or len(set(password)) < 4:
        said = "This password is one that many use: choose another."
    elif email.lower() in password.lower() or password.lower() in email.lower():
        said = "The password holds your address: choose another."
    if said:
        raise InputError(said, "password_weak")


def hash_password(password: str) -> str:
    """Return what is stored."""
    return _HASHER.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Tell whether a password is the stored one; takes as long where there is none."""
    try:
        _HASHER.verify(stored or _NOBODYS_HASH, password[:LONGEST])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


def needs_new_hash(stored: str) -> bool:
    """Tell whether a hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(stored)
