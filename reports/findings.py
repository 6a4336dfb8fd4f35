"""The part of a report that must come out the same for everybody, and its checksum.

No ids, times, hosts or paths; numbers rounded to 1e-3. The same media, model files, options and
kind of processor give the same `findings_sha256` (DESIGN.md §8), whoever asks and whenever.
"""

import hashlib
import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter

from pipeline.vocabulary import (
    AnalysisOptions,
    AudioTrack,
    ErrorRates,
    Likeness,
    MediaFile,
    MediaReport,
    ModelUse,
    Quality,
    Reason,
    SegmentScores,
    TrackUse,
    Variant,
    Verdict,
    VerdictKind,
)
from reports.canonical_json import Json, canonical_json, spliced
from reports.outside_text import storable
from reports.scale import LARGEST_LLR

NAME_NOTES = frozenset({"extension_mismatch"})  # say something of the file's name, not of its bytes
DECIMALS = 3  # scores agree to 1e-3 between CPU and GPU; more digits would say more than is known


class Part(BaseModel):
    """A part of the document: immutable, and nothing unknown is let through."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class TrackFindings(Part):
    """One audio track, and what was done with each of its channels."""

    index: int
    codec: str
    sample_rate: int
    n_channels: int
    bit_rate_bps: int | None
    language: str
    decoded_duration_s: float | None
    channel_use: tuple[TrackUse, ...]


class MediaFindings(Part):
    """The bytes that were examined. Container facts are None or empty where probing failed."""

    sha256: str
    size_bytes: int
    container: str | None
    declared_duration_s: float | None
    bit_rate_bps: int | None
    tracks: tuple[TrackFindings, ...]
    other_streams: tuple[str, ...]
    notes: tuple[str, ...]


class ModelFindings(Part):
    """A model file that took part; its card is in `method`."""

    role: str
    sha256: str
    provider_class: str  # `cpu`, `gpu` or the runtime's own name


class OptionFindings(Part):
    """The options that can change a number."""

    hop_s: float
    max_duration_s: float
    max_channels: int


class SpanFindings(Part):
    """A stretch whose segments together support the spoof proposition."""

    start_s: float
    end_s: float
    track: int
    channel: int
    llr: float


class ErrorRateFindings(Part):
    """Measured errors for this kind of item and amount of voice; shares of all items of a class."""

    condition: str
    bonafide_rejected_rate: float
    spoof_accepted_rate: float
    decided_share: float
    n_bonafide: int
    n_spoof: int


class LikenessFindings(Part):
    """Which known system the synthetic speech is most like; no evidence for the verdict."""

    system: str  # "" = unknown
    family: str
    margin: float
    false_name_rate: float


class VerdictFindings(Part):
    """The answer; llr = ln P(E | bona fide) / P(E | spoof), positive supports bona fide."""

    kind: VerdictKind
    reason: Reason
    llr: float | None
    llr_limit: float
    separated_llr: float | None
    voiced_s: float
    spans: tuple[SpanFindings, ...]
    error_rates: ErrorRateFindings | None
    likeness: LikenessFindings | None = None


class FailureFindings(Part):
    """Why there is no verdict; the message for people stands beside the findings."""

    code: str
    stage: str


class SegmentRow(Part):
    """One segment; `llr` is None where there is no score, and `reason` says why."""

    index: int
    start_s: float
    end_s: float
    track: int
    channel: int
    variant: Variant
    voiced_share: float | None
    removed_share: float | None
    quality: tuple[str, ...]
    cm_score: float | None
    llr: float | None
    reason: Reason


class Findings(Part):
    """What was found in these bytes by these models under these options."""

    findings_version: Literal[1] = 1
    media: MediaFindings | None
    models: tuple[ModelFindings, ...]
    options: OptionFindings
    verdict: VerdictFindings | None
    failure: FailureFindings | None
    segments: tuple[SegmentRow, ...]


_SEGMENTS = TypeAdapter(tuple[SegmentRow, ...])
_ROWS_AT_ONCE = 1_000
_ALL_FIELDS = set(SegmentRow.model_fields)


def to_findings(report: MediaReport) -> Findings:
    """Return the findings of a report, rounded and in a fixed order."""
    failure = report.failure
    return Findings(
        media=None if report.media is None else _media_findings(report.media),
        models=tuple(sorted(map(_model_findings, report.models), key=lambda m: (m.role, m.sha256))),
        options=_option_findings(report.options),
        verdict=None if report.verdict is None else _verdict_findings(report.verdict),
        failure=None
        if failure is None
        else FailureFindings(code=storable(failure.code), stage=storable(failure.stage)),
        segments=() if report.scores is None else _segment_rows(report.scores),
    )


def name_notes(report: MediaReport) -> tuple[str, ...]:
    """Return the remarks that rest on what the source calls the file; they stand beside the findings.

    The same bytes under another name must give the same findings.
    """
    probe = None if report.media is None else report.media.probe
    return () if probe is None else tuple(note for note in probe.notes if note in NAME_NOTES)


def findings_sha256(findings: Findings) -> str:
    """Return the SHA-256, as hex, over the findings' canonical JSON."""
    tree = findings.model_dump(mode="json", exclude={"segments"}) | {"segments": []}
    digest = hashlib.sha256()
    rows = (canonical_json(part)[1:-1] for part in dumped_segments(findings))
    for piece in spliced(canonical_json(tree), rows):
        digest.update(piece)
    return digest.hexdigest()


def dumped_segments(findings: Findings) -> Iterator[list[Json]]:
    """Yield the segments as plain data, some hundred at a time: all at once fill the memory."""
    for first in range(0, len(findings.segments), _ROWS_AT_ONCE):
        part = findings.segments[first : first + _ROWS_AT_ONCE]
        yield _SEGMENTS.dump_python(part, mode="json")


def rounded(value: float | None) -> float | None:
    """Return the number to 1e-3 without a negative zero; None where there is no finite number."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), DECIMALS) + 0.0


def _finite(value: float) -> float:
    return rounded(value) or 0.0


def provider_class(provider: str) -> str:
    """Return the kind of processor that an ONNX Runtime provider means."""
    if provider == "CPUExecutionProvider":
        return "cpu"
    if provider.startswith(("CUDA", "Tensorrt", "NvTensorRT", "ROCM", "MIGraphX")):
        return "gpu"
    return storable(provider)


def _media_findings(media: MediaFile) -> MediaFindings:
    probe = media.probe
    return MediaFindings(
        sha256=media.sha256,
        size_bytes=media.size_bytes,
        container=None if probe is None else storable(probe.container),
        declared_duration_s=None if probe is None else rounded(probe.declared_duration_s),
        bit_rate_bps=None if probe is None else probe.bit_rate_bps,
        tracks=() if probe is None else tuple(map(_track_findings, probe.tracks)),
        other_streams=() if probe is None else tuple(map(storable, probe.other_streams)),
        notes=()
        if probe is None
        else tuple(storable(note) for note in probe.notes if note not in NAME_NOTES),
    )


def _track_findings(track: AudioTrack) -> TrackFindings:
    return TrackFindings(
        index=track.index,
        codec=storable(track.codec),
        sample_rate=track.sample_rate,
        n_channels=track.n_channels,
        bit_rate_bps=track.bit_rate_bps,
        language=storable(track.language),
        decoded_duration_s=rounded(track.decoded_duration_s),
        channel_use=track.channel_use,
    )


def _model_findings(model: ModelUse) -> ModelFindings:
    return ModelFindings(
        role=model.role, sha256=model.sha256, provider_class=provider_class(model.provider)
    )


def _option_findings(options: AnalysisOptions) -> OptionFindings:
    # block_s is left out: it changes no number (DESIGN.md §1)
    return OptionFindings(
        hop_s=_finite(options.hop_s),
        max_duration_s=_finite(options.max_duration_s),
        max_channels=options.max_channels,
    )


def _verdict_findings(verdict: Verdict) -> VerdictFindings:
    spans = sorted(verdict.spans, key=lambda span: (span.track, span.channel, span.start_s))
    return VerdictFindings(
        kind=verdict.kind,
        reason=verdict.reason,
        llr=rounded(verdict.llr),
        llr_limit=_finite(min(verdict.llr_limit, LARGEST_LLR)),
        separated_llr=rounded(verdict.separated_llr),
        voiced_s=_finite(verdict.voiced_s),
        spans=tuple(
            SpanFindings(
                start_s=_finite(span.start_s),
                end_s=_finite(span.end_s),
                track=span.track,
                channel=span.channel,
                llr=_finite(span.llr),
            )
            for span in spans
        ),
        error_rates=None if verdict.error_rates is None else _rate_findings(verdict.error_rates),
        likeness=None if verdict.likeness is None else _likeness_findings(verdict.likeness),
    )


def _rate_findings(rates: ErrorRates) -> ErrorRateFindings:
    return ErrorRateFindings(
        condition=storable(rates.condition),
        bonafide_rejected_rate=_finite(rates.bonafide_rejected_rate),
        spoof_accepted_rate=_finite(rates.spoof_accepted_rate),
        decided_share=_finite(rates.decided_share),
        n_bonafide=rates.n_bonafide,
        n_spoof=rates.n_spoof,
    )


def _likeness_findings(likeness: Likeness) -> LikenessFindings:
    return LikenessFindings(
        system=storable(likeness.system),
        family=storable(likeness.family),
        margin=_finite(likeness.margin),
        false_name_rate=_finite(likeness.false_name_rate),
    )


def _column(values: NDArray[np.floating]) -> list[float | None]:
    """Return an array as rounded numbers, None where it is not finite."""
    wide = np.asarray(values, dtype=np.float64)
    known = np.isfinite(wide)
    tidy = np.round(np.where(known, wide, 0.0), DECIMALS) + 0.0
    return [n if k else None for n, k in zip(tidy.tolist(), known.tolist(), strict=True)]


def quality_names(flags: int) -> tuple[str, ...]:
    """Return the names of quality flags in lower case, smallest flag first."""
    return tuple(flag.name.lower() for flag in Quality if flag & flags and flag.name is not None)


def _slim(row: SegmentRow) -> SegmentRow:
    """Let all rows share the set of names that says which fields were given: 26 MB in ten hours."""
    object.__setattr__(row, "__pydantic_fields_set__", _ALL_FIELDS)
    return row


def _segment_rows(scores: SegmentScores) -> tuple[SegmentRow, ...]:
    facts = scores.facts
    names = {flags: quality_names(flags) for flags in set(facts.quality.tolist())}
    rows = zip(
        _column(facts.start_s),
        _column(facts.end_s),
        facts.track.tolist(),
        facts.channel.tolist(),
        facts.variant.tolist(),
        _column(facts.voiced_share),
        _column(facts.removed_share),
        facts.quality.tolist(),
        _column(scores.cm_score),
        _column(scores.llr),
        facts.reason.tolist(),
        strict=True,
    )
    return tuple(
        _slim(
            SegmentRow(
                index=index,
                start_s=start_s or 0.0,
                end_s=end_s or 0.0,
                track=track,
                channel=channel,
                variant=Variant(variant),
                voiced_share=voiced_share,
                removed_share=removed_share,
                quality=names[quality],
                cm_score=cm_score,
                llr=llr,
                reason=Reason(reason),
            )
        )
        for index, (
            start_s,
            end_s,
            track,
            channel,
            variant,
            voiced_share,
            removed_share,
            quality,
            cm_score,
            llr,
            reason,
        ) in enumerate(rows)
    )
