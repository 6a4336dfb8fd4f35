"""The list of keys that an installation publishes: which are its own, and which of them are revoked.

The console serves it at `PATH` to everybody; `verity verify --keys` reads it. It is worth as much as the
way by which it came: over HTTPS it says what whoever holds that name says.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import InputError
from reports.key_revocation import Revocation, revocations
from reports.signing_keys import fingerprint, known_certificates

PATH = "/.well-known/verity-keys.json"
MOST_BYTES = 1 << 20


class PublishedKey(BaseModel):
    """One key of the installation that publishes."""

    model_config = ConfigDict(frozen=True)

    sha256: str = Field(pattern="^[0-9a-f]{64}$")  # of its certificate
    revoked_since: AwareDatetime | None = None  # None: it is believed
    reason: str = Field("", max_length=10_000)


class PublishedKeys(BaseModel):
    """All keys of the installation that publishes, and nobody else's."""

    model_config = ConfigDict(frozen=True)

    schema_version: Literal["1.0"] = "1.0"
    keys: tuple[PublishedKey, ...]


@dataclass(frozen=True, slots=True)
class KeyList:
    """A list as it was read, and where."""

    place: str
    keys: tuple[PublishedKey, ...]

    @property
    def fingerprints(self) -> frozenset[str]:
        """The keys that it names, revoked ones too."""
        return frozenset(key.sha256 for key in self.keys)

    @property
    def revocations(self) -> tuple[Revocation, ...]:
        """The keys that it revokes."""
        return tuple(
            Revocation(key.sha256, key.revoked_since, key.reason)
            for key in self.keys
            if key.revoked_since is not None
        )


def keys_to_publish(folder: Path) -> PublishedKeys:
    """Return the keys of a folder, with what is revoked of them; others' keys are not told of.

    Raises:
        ConfigError: a revocation cannot be read (`revocation_unreadable`).
    """
    revoked = {one.fingerprint: one for one in revocations(folder)}
    keys = []
    for mark in map(fingerprint, known_certificates(folder)):
        found = revoked.get(mark)
        since, reason = (None, "") if found is None else (found.since, found.reason)
        keys.append(PublishedKey(sha256=mark, revoked_since=since, reason=reason))
    return PublishedKeys(keys=tuple(keys))


def read_key_list(content: bytes, place: str) -> KeyList:
    """Return a list that somebody published.

    Args:
        content: may be anything.
        place: where it was found, for people.

    Raises:
        InputError: it is none (`input_invalid`).
    """
    try:
        return KeyList(place, PublishedKeys.model_validate_json(content).keys)
    except ValidationError as error:
        raise InputError(
            f"{place} is no list of keys: name what a console publishes under {PATH}.",
            "input_invalid",
        ) from error
