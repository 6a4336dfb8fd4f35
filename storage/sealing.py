"""Seal small secrets for the database: AES-256-GCM, with a key that is not in it.

The key is `VERITY_SECRET_KEY`, or a file in the data folder that is made when the first secret is
sealed. A fleet of several machines needs the first: a worker elsewhere does not see the file.
What is sealed is tied to its place (`bound_to`), so that a row cannot be given another's secret.
Source of the construction: NIST SP 800-38D, with a random 96-bit nonce for each seal.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from pipeline.errors import AccessError, ConfigError

KEY_BYTES = 32
NONCE_BYTES = 12  # SP 800-38D §8.2.2
KEY_FORM = "VERITY_SECRET_KEY is 64 hexadecimal digits; make one: openssl rand -hex 32"


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens; holds where the key is, not the key."""

    key_hex: SecretStr | None  # of the environment
    key_file: Path | None = None  # used where the environment has none

    def seal(self, text: str, bound_to: str) -> bytes:
        """Return the sealed text; makes the key file where there is no key yet.

        Raises:
            ConfigError: there is no key and no place for one.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key(make=True)).encrypt(
            nonce, text.encode("utf-8"), bound_to.encode()
        )

    def open(self, sealed: bytes, bound_to: str) -> str:
        """Return what was sealed.

        Raises:
            ConfigError: this machine has no key.
            AccessError: it was sealed with another key, or for another place.
        """
        try:
            plain = AESGCM(self._key(make=False)).decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise AccessError(
                "The job's cookies or proxy were sealed with another key: set the same"
                " VERITY_SECRET_KEY on every machine, and submit the job again.",
                "secret_not_opened",
            ) from error
        return plain.decode("utf-8")

    def _key(self, *, make: bool) -> bytes:
        if self.key_hex:
            return parse_key(self.key_hex.get_secret_value())
        if self.key_file is None:
            raise ConfigError(f"There is no key for cookies and proxies. {KEY_FORM}.")
        if make and not self.key_file.exists():
            _make_key_file(self.key_file)
        try:
            return parse_key(self.key_file.read_text("ascii").strip())
        except OSError as error:
            raise ConfigError(
                "This machine has no key for the job's cookies or proxy: set the same"
                f" VERITY_SECRET_KEY on every machine. {KEY_FORM}."
            ) from error


def parse_key(text: str) -> bytes:
    """Return the key that 64 hex digits are.

    Raises:
        ConfigError: they are not; the message does not hold them.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise ConfigError(KEY_FORM) from None
    if len(key) != KEY_BYTES:
        raise ConfigError(KEY_FORM)
    return key


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_bytes(KEY_BYTES).hex() + "\n")
    try:
        path.hardlink_to(made)  # not over a key that another process made meanwhile
    except FileExistsError:
        pass
    finally:
        made.unlink()
