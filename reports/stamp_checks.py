"""What the time stamps of a signed file show: inside a PDF, or beside a PDF or a signature."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from asn1crypto.x509 import Certificate

from reports.pdf_stamps import stamps_of_pdf
from reports.signer_checks import Check, Outcome, SignedFile
from reports.time_stamps import Stamp, read_stamp


@dataclass(frozen=True, slots=True)
class StampFiles:
    """The time stamps beside a report's file, and whose are trusted."""

    responses: Mapping[str, bytes] = field(default_factory=dict)  # by file name
    roots: Sequence[Certificate] = ()


def read_stamps(signed: SignedFile, stamps: StampFiles) -> list[Stamp | None]:
    """Return what each time stamp says; None: it is over other bytes, or none at all."""
    stamped = signed.jws if signed.pdf is None else signed.pdf
    beside = [
        None if stamped is None else read_stamp(response, stamped, stamps.roots)
        for response in stamps.responses.values()
    ]
    inside = [] if signed.pdf is None else stamps_of_pdf(signed.pdf, stamps.roots)
    return [*inside, *beside]


def check_stamps(found: Sequence[Stamp | None]) -> Iterator[Check]:
    """Say of each time stamp what it shows: that what is below it existed at that time."""
    name = "time stamp"
    if not found:
        yield Check(name, Outcome.ABSENT, "there is none; verity stamp adds one")
    for stamp in found:
        if stamp is None or not stamp.holds:
            yield Check(name, Outcome.FAILS, "these are not the bytes that were stamped")
            continue
        trust = (
            "of a trusted authority"
            if stamp.is_trusted
            else "of an authority that is on no trust list here"
        )
        yield Check(
            name,
            Outcome.HOLDS,
            f"{stamp.at:%Y-%m-%d %H:%M:%S} UTC by {stamp.authority}, {trust} "
            f"(SHA-256 {stamp.certificate_sha256})",
        )
