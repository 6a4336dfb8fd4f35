"""Custody beyond the source: each step from bytes to bytes, the machines, and who signs.

None of it changes a finding; all of it lets somebody else repeat the analysis and compare.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography.x509.oid import NameOID

from pipeline.traces import DerivationStep, Machine
from pipeline.vocabulary import (
    MediaReport,
)
from reports.findings import Part
from reports.outside_text import storable
from reports.signing_keys import SigningKey, fingerprint

JSON_FORM = "detached JWS (RFC 7515), ES256, in the file .json.jws"
PDF_FORM = "PAdES baseline B-B (ETSI EN 319 142-1)"


class DerivationPart(Part):
    """A step, with what went in and what came out."""

    step: str  # fetch, probe, decode, separate
    tool: str
    command: str  # as it ran; MEDIA stands for the file
    output: str
    input_sha256: str
    output_sha256: str


class MachinePart(Part):
    """What a part of the analysis ran on."""

    stages: str
    system: str
    processor: str
    n_cores: int
    gpu: str
    runtime: str


class SignaturePart(Part):
    """Who signs the report's files, as announced inside them before they were signed."""

    signer: str
    certificate_sha256: str
    json_form: str = JSON_FORM
    pdf_form: str = PDF_FORM


@dataclass(frozen=True, slots=True)
class Signer:
    """Who will sign a report that is about to be made."""

    name: str
    certificate_sha256: str
    valid_until: datetime


def signer_of_key(key: SigningKey) -> Signer:
    """Return the name and the fingerprint that a report announces."""
    certificate = key.certificate
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else certificate.subject.rfc4514_string()
    return Signer(name, fingerprint(certificate), certificate.not_valid_after_utc)


def signature_part(signer: Signer | None) -> SignaturePart | None:
    """Return what a report says of its signature; None: it will not be signed."""
    if signer is None:
        return None
    return SignaturePart(signer=storable(signer.name), certificate_sha256=signer.certificate_sha256)


def derivation_parts(report: MediaReport) -> tuple[DerivationPart, ...]:
    """Return the steps from the source to the voice, the fetch first."""
    steps = list(report.traces.derivation)
    if report.media is not None and report.custody is not None:
        facts = report.custody.facts
        steps.insert(
            0,
            DerivationStep(
                step="fetch",
                tool=report.custody.acquired_by,
                command=facts.get("command", ""),
                output="",
                output_sha256=report.media.sha256,
            ),
        )
    return tuple(
        DerivationPart(
            step=step.step,
            tool=storable(step.tool),
            command=storable(step.command),
            output=storable(step.output),
            input_sha256=step.input_sha256,
            output_sha256=step.output_sha256,
        )
        for step in steps
    )


def machine_parts(machines: tuple[Machine, ...]) -> tuple[MachinePart, ...]:
    """Return what the analysis ran on."""
    return tuple(
        MachinePart(
            stages=machine.stages,
            system=storable(machine.system),
            processor=storable(machine.processor),
            n_cores=machine.n_cores,
            gpu=storable(machine.gpu),
            runtime=storable(machine.runtime),
        )
        for machine in machines
    )
