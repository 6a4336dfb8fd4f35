"""A key that never leaves its hardware: signs through PKCS #11 (OASIS, version 2.40).

The token's PIN comes from the settings and is kept in memory only. python-pkcs11 comes with the extra
`pkcs11`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pydantic import SecretStr

from pipeline.errors import ConfigError, SigningError

if TYPE_CHECKING:
    import pkcs11

HARDWARE_UNUSABLE = "signing_hardware_unusable"
_NUMBER_BYTES = 32  # of each of the two numbers of a signature with P-256
# a process logs into a token once, whatever sessions it has (PKCS #11, 5.6.8)
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A private key in a token; a fleet's writer opens the same module on its own machine."""

    module: str  # the vendor's library, such as /usr/lib/softhsm/libsofthsm2.so
    label: str  # of the token
    key: str  # the key's label, or its id in hex
    pin: SecretStr

    def sign_digest(self, sha256: bytes) -> bytes:
        """Return the signature over a digest.

        Raises:
            SigningError: the token is not there, refuses its PIN, or has no such key any more
                (`signing_hardware_away`).
            ConfigError: its library cannot be loaded here (`signing_hardware_unusable`).
        """
        import pkcs11

        try:
            with self._session() as session:
                private = _found(session, pkcs11.ObjectClass.PRIVATE_KEY, self.key)
                assert isinstance(private, pkcs11.SignMixin), "a private key signs"
                signature = private.sign(sha256, mechanism=pkcs11.Mechanism.ECDSA)
        except (pkcs11.PKCS11Error, LookupError) as error:
            raise SigningError(
                f"The token {self.label} does not sign ({_said(error)}): plug it in, and check "
                "VERITY_SIGNING_PIN."
            ) from error
        r, s = signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:]
        return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))

    def certificate(self) -> x509.Certificate | None:
        """Return the certificate that lies beside the key; None: there is none.

        Raises:
            ConfigError: the token cannot be used (`signing_hardware_unusable`).
        """
        try:
            import pkcs11
        except ImportError as error:
            raise ConfigError(
                "Keys in hardware need python-pkcs11: pip install 'verity[pkcs11]'.",
                HARDWARE_UNUSABLE,
            ) from error
        try:
            with self._session() as session:
                found = _found(session, pkcs11.ObjectClass.CERTIFICATE, self.key)
                return x509.load_der_x509_certificate(bytes(found[pkcs11.Attribute.VALUE]))
        except LookupError:
            return None
        except (pkcs11.PKCS11Error, ValueError) as error:
            raise ConfigError(
                f"The token {self.label} cannot be used ({_said(error)}): check its label, its module "
                "and VERITY_SIGNING_PIN.",
                HARDWARE_UNUSABLE,
            ) from error

    @contextmanager
    def _session(self) -> "Iterator[pkcs11.Session]":
        import pkcs11

        with _ONE_AT_A_TIME:
            try:
                library = pkcs11.lib(self.module)
            except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
                raise ConfigError(
                    f"The PKCS#11 module {self.module} cannot be loaded: name its library.",
                    HARDWARE_UNUSABLE,
                ) from error
            library.reinitialize()  # else a token that was plugged in since is not seen
            token = library.get_token(token_label=self.label)
            with token.open(user_pin=self.pin.get_secret_value()) as session:
                yield session


def _found(session: "pkcs11.Session", kind: "pkcs11.ObjectClass", key: str) -> "pkcs11.Object":
    """Return the one object of a label or id.

    Raises:
        LookupError: there is none, or there are several.
    """
    import pkcs11

    wanted: list[tuple[pkcs11.Attribute, str | bytes]] = [(pkcs11.Attribute.LABEL, key)]
    with suppress(ValueError):  # a label only
        wanted.append((pkcs11.Attribute.ID, bytes.fromhex(key)))
    for attribute, value in wanted:
        objects = list(session.get_objects({pkcs11.Attribute.CLASS: kind, attribute: value}))
        if len(objects) == 1:
            return objects[0]
        if objects:
            raise LookupError(f"{len(objects)} keys are called {key}: name it by its id")
    raise LookupError(f"it has no {kind.name.lower().replace('_', ' ')} {key}")


def _said(error: Exception) -> str:
    """Return the library's word for what went wrong: its exceptions seldom carry a text."""
    return str(error) or type(error).__name__
