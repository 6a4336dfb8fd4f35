"""What a language must be able to say; one file per language fills it (`words_en.py`).

Sentences are `str.format` templates with named fields. No finding's sentence may hold a word of
`forbidden`: those claim a fact or a probability of guilt, which no LLR gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.opinion import Opinion
from reports.scale import Step


class Script(StrEnum):
    """The script that a language is written in: which font its pages need."""

    LATIN = "latin"  # Noto Sans, with every installation
    ARABIC = "arabic"  # right to left
    CJK = "cjk"


@dataclass(frozen=True, slots=True)
class Words:
    """All sentences of one language."""

    language: str  # BCP 47, such as `en`
    headlines: Mapping[VerdictKind, str]
    failed_headline: str
    reasons: Mapping[Reason, str]  # why an item has no (firmer) answer
    segment_reasons: Mapping[Reason, str]  # a few words for a table cell
    steps: Mapping[Step, str]
    strength_bonafide: str  # times, step
    strength_spoof: str  # times, step
    strength_even: str
    strength_capped: str
    spans_sentence: str  # spans, seconds, total
    in_channels: str  # total, n: of several channels, seconds of each counted
    more_spans: str  # count
    strongest_span: str  # strength of a partly synthetic item's strongest stretch
    separated_sentence: str  # strength of the second way to listen
    rates_sentence: str  # condition, n_bonafide, rejected, n_spoof, accepted, decided
    conditions: Mapping[str, str]  # parts of a card's test conditions; others stay as they are
    condition_voice: str  # voice: the part that says how much of it
    span_rates: str  # what is known of the errors of marked stretches
    no_rates: str
    likeness_named: str  # system (with its family), rate of false names
    likeness_unknown: str
    systems: Mapping[str, str]  # what a class of systems is called; others go by their own names
    errors: Mapping[str, str]  # by code
    unknown_error: str  # code
    notes: Mapping[str, str]  # by code; empty = not worth a sentence
    unknown_note: str  # code
    incomplete: Mapping[str, str]  # by the note's code: decoded, declared
    channel_uses: Mapping[TrackUse, str]
    channel_list: str  # use, channels
    quality: Mapping[str, str]
    quality_sentence: str  # seconds, total, what
    unscored_sentence: str  # seconds, total, what
    all_scored: str
    none_scored: str  # what
    no_sound_seen: str
    times: str  # times: `about 40 times`
    side_bonafide: str  # for table cells: times
    side_spoof: str
    side_even: str
    metrics: Mapping[str, str]  # names of figures, by the card's metric
    forbidden: tuple[str, ...]
    limits: tuple[str, ...]  # of every report; the second: what finding nothing does not show
    provenance: Mapping[ProvenanceState, str]  # signer
    opinions: Mapping[Opinion, str]
    labels: Mapping[str, str]  # headings and captions of the page
    paragraphs: Mapping[str, str]  # longer prose of the page
    glossary: tuple[tuple[str, str], ...]
    # what English does without a sentence of its own
    script: Script = Script.LATIN
    share: str = "{number} in 100"
    between: str = "{low} to {high}"
    span_channel: str = "channel {place}"  # after a stretch, where several channels were analysed
    bytes_form: str = "{number} bytes"

    @property
    def nothing_found(self) -> str:
        """Return what a finding of nothing does not show."""
        return self.limits[1]
