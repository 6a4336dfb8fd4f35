"""Whose signature a report carries: a key that is known here, unknown, or revoked.

A revoked key's signature holds only where a trusted time stamp shows that it is older than the
revocation (as ETSI EN 319 102-1 has it): the key's holder could have written any other time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from reports.json_signature import signer_of
from reports.key_revocation import Revocation, revocations
from reports.pdf_signature import signer_of_pdf, was_signed
from reports.published_keys import KeyList
from reports.signing_keys import fingerprint, known_certificates
from reports.time_stamps import Stamp

CHANGED = "these are not the bytes that were signed"
_NO_SIGNER = "carries no signature that can be read"


class Outcome(StrEnum):
    """What came of a check."""

    HOLDS = "holds"
    FAILS = "fails"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked."""

    name: str
    outcome: Outcome
    words: str


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A file as it was handed over: a PDF, or a JSON or sheet and the signature beside it."""

    content: bytes  # that the signature beside it is over; of a PDF the JSON inside it
    jws: bytes | None
    pdf: bytes | None
    announced: bool = False  # the file says of itself that it is signed


class KnownSigners:
    """The keys of one installation, and those that were revoked; read once."""

    def __init__(self, folder: Path, listed: KeyList | None = None) -> None:
        """Read the folder of keys.

        Args:
            folder: of this installation's keys, with what it revoked.
            listed: what somebody else publishes; of two revocations of a key the earlier counts.

        Raises:
            ConfigError: a revocation cannot be read.
        """
        self._own = {fingerprint(each) for each in known_certificates(folder)}
        self._listed = listed
        self._revoked: dict[str, Revocation] = {}
        others = () if listed is None else listed.revocations
        for one in sorted((*revocations(folder), *others), key=lambda one: one.since):
            self._revoked.setdefault(one.fingerprint, one)

    def check(
        self, name: str, certificate: x509.Certificate, who: str, stamps: Iterable[Stamp | None]
    ) -> Check:
        """Return what a signature that fits its bytes is worth.

        Args:
            name: of the check.
            certificate: of the key that signed.
            who: whose the report says it is.
            stamps: over the signature.
        """
        mark = fingerprint(certificate)
        revocation = self._revoked.get(mark)
        if revocation is None:
            return Check(name, Outcome.HOLDS, f"{who}, {self._trust(mark)} (SHA-256 {mark})")
        said = f"{who}, a key that is revoked since {_told(revocation)} (SHA-256 {mark})"
        older = [
            stamp.at
            for stamp in stamps
            if stamp is not None and stamp.shows_signature and stamp.at < revocation.since
        ]
        if not older:
            words = f"{said}; no trusted time stamp shows that it signed before"
            return Check(name, Outcome.FAILS, words)
        words = f"{said}; a trusted time stamp of {min(older):%Y-%m-%d %H:%M:%S} UTC is older"
        return Check(name, Outcome.HOLDS, words)

    def _trust(self, mark: str) -> str:
        """Say whose a key is that nobody revoked."""
        if mark in self._own:
            return "a key of this installation"
        if self._listed is None:
            return "known only by its own key: compare the fingerprint"
        if mark in self._listed.fingerprints:
            return f"a key that {self._listed.place} names as its own"
        return f"a key that {self._listed.place} does not name: compare the fingerprint"


def check_signature(
    signed: SignedFile, signers: KnownSigners, stamps: Sequence[Stamp | None] = ()
) -> Check:
    """Return whether a report's signature holds, and whose it is.

    Args:
        signed: the report.
        signers: who is known here.
        stamps: over the signature.
    """
    name = "signature"
    certificate: x509.Certificate | None
    if signed.pdf is not None:
        signer = signer_of_pdf(signed.pdf)
        if signer is None and (signed.announced or was_signed(signed.pdf)):
            return Check(name, Outcome.FAILS, f"the PDF was signed, but {_NO_SIGNER}")
        if signer is None:
            return Check(name, Outcome.ABSENT, f"the PDF {_NO_SIGNER}")
        certificate = signer.certificate if signer.holds else None
    elif signed.jws is None:
        announced = ", though the report says that it was signed" if signed.announced else ""
        return Check(name, Outcome.ABSENT, f"there is no .jws file beside it{announced}")
    else:
        certificate = signer_of(signed.content, signed.jws)
    if certificate is None:
        return Check(name, Outcome.FAILS, CHANGED)
    return signers.check(name, certificate, certificate.subject.rfc4514_string(), stamps)


def _told(revocation: Revocation) -> str:
    reason = "".join(mark if mark.isprintable() else "?" for mark in revocation.reason[:200])
    since = f"{revocation.since:%Y-%m-%d %H:%M:%S %Z}"
    return f"{since} ({reason})" if reason else since
