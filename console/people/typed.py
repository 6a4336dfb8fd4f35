"""What people type about themselves, checked; and what is stored of a token."""

import hashlib
from email.utils import parseaddr

from pipeline.errors import InputError

MOST_EMAIL_CHARS = 254  # RFC 5321
MOST_NAME_CHARS = 100


def check_email(text: str) -> str:
    """Return an address as it is stored.

    Raises:
        InputError: it is none.
    """
    address = text.strip()
    local, _, domain = address.rpartition("@")
    is_plain = address.isprintable() and not any(mark in address for mark in " ,;<>\"'()")
    if not (
        is_plain
        and len(address) <= MOST_EMAIL_CHARS
        and parseaddr(address)[1] == address
        and local
        and "." in domain.strip(".")
    ):
        raise InputError("This is no e-mail address.", "email_invalid")
    return address


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def check_name(name: str) -> str:
    """Return a name as it is stored.

    Raises:
        InputError: it is too long, or holds what cannot be shown.
    """
    called = " ".join(name.split())
    if len(called) > MOST_NAME_CHARS or not called.isprintable():
        raise InputError(f"A name has at most {MOST_NAME_CHARS} plain characters.", "name_invalid")
    return called
