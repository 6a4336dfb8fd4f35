"""What a report says of the manifest (C2PA) that a file carries about its own origin.

It stands beside the findings: it says what a signer states, and whose signature is trusted depends on
a list that changes.
"""

from collections.abc import Mapping

from pipeline.vocabulary import MediaFile, ProvenanceState
from reports.canonical_json import Json
from reports.findings import Part
from reports.outside_text import storable
from reports.page_rows import pairs
from reports.words import Words

# IPTC digital source types of what a trained model made, wholly or in part
MADE_BY_MODELS = frozenset(
    {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"}
)
_SHOWN_SIGNER = 80  # characters inside a sentence; the table has all


class ProvenancePart(Part):
    """The state of a file's manifest, and what its signer states; nothing of that was checked."""

    state: ProvenanceState
    signer: str
    signed_at: str
    generator: str
    claims: tuple[str, ...]  # IPTC digital source types
    problems: tuple[str, ...]  # codes of what does not hold
    tool: str  # that read it; "": there was nothing to read
    trust_list_sha256: str  # "": none was set


def provenance_part(media: MediaFile | None) -> ProvenancePart | None:
    """Return what is said of a file's manifest; None where it was not looked for."""
    found = None if media is None else media.provenance
    if found is None:
        return None
    return ProvenancePart(
        state=found.state,
        signer=storable(found.signer),
        signed_at=storable(found.signed_at),
        generator=storable(found.generator),
        claims=tuple(map(storable, found.claims)),
        problems=tuple(map(storable, found.problems)),
        tool=storable(found.tool),
        trust_list_sha256=found.trust_list,
    )


def provenance_sentence(part: ProvenancePart, words: Words) -> str:
    """Return the manifest's state in a sentence, and that it speaks of synthesis where it does."""
    signer = part.signer[:_SHOWN_SIGNER] or words.labels["unknown"]
    sentence = words.provenance[part.state].format(signer=signer)
    if MADE_BY_MODELS & set(part.claims):
        sentence += " " + words.paragraphs["provenance_synthetic"]
    return sentence


def provenance_page(part: ProvenancePart | None, words: Words) -> Json:
    """Return the section of the pages; None where nothing was looked for."""
    if part is None:
        return None
    labels: Mapping[str, str] = words.labels
    note = "provenance_absence" if part.state is ProvenanceState.ABSENT else "provenance_note"
    return {
        "text": f"{provenance_sentence(part, words)} {words.paragraphs[note]}",
        "pairs": pairs(
            [
                (labels["provenance_signer"], part.signer),
                (labels["provenance_signed_at"], part.signed_at),
                (labels["provenance_generator"], part.generator),
                (labels["provenance_claims"], ", ".join(part.claims)),
                (labels["provenance_problems"], ", ".join(part.problems)),
                (labels["provenance_tool"], part.tool),
                (labels["provenance_trust"], part.trust_list_sha256),
            ]
        ),
    }
