"""Keys that are no longer to be believed: named by fingerprint, with the time from which on.

A folder of keys holds `revoked/<fingerprint>.json`, of its own keys and of others' as well: whoever
checks reports writes down what the signer told. Nothing here asks a server.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import ConfigError

_FOLDER = "revoked"
_DIGITS = 64  # of a SHA-256


@dataclass(frozen=True, slots=True)
class Revocation:
    """What signed after this time is worth nothing."""

    fingerprint: str  # SHA-256 of the certificate, hex
    since: datetime  # with a time zone
    reason: str


def revoke(folder: Path, revocation: Revocation) -> Revocation:
    """Write a revocation down; return what holds now: of two the earlier time."""
    earlier = {one.fingerprint: one for one in revocations(folder)}.get(revocation.fingerprint)
    if earlier is not None and earlier.since <= revocation.since:
        return earlier
    place = folder / _FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = {"since": revocation.since.isoformat(), "reason": revocation.reason}
    beside = place / f".{revocation.fingerprint}.{os.getpid()}"
    beside.write_text(json.dumps(written) + "\n", "utf-8")
    beside.replace(place / f"{revocation.fingerprint}.json")
    return revocation


def revocations(folder: Path) -> Iterator[Revocation]:
    """Yield what is revoked.

    Raises:
        ConfigError: a file of revocations cannot be read (`revocation_unreadable`).
    """
    for path in sorted((folder / _FOLDER).glob("*.json")):
        yield _read(path)


def _read(path: Path) -> Revocation:
    try:
        written = json.loads(path.read_text("utf-8"))
        since, reason = datetime.fromisoformat(written["since"]), str(written["reason"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error
    if since.tzinfo is None or len(path.stem) != _DIGITS:
        raise _unreadable(path)
    return Revocation(path.stem, since, reason)


def _unreadable(path: Path) -> ConfigError:
    return ConfigError(
        f"The revocation {path} cannot be read: put it back as verity keys revoke wrote it.",
        "revocation_unreadable",
    )
