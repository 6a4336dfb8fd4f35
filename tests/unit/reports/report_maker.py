"""Realistic MediaReports for the tests of reports/: synthesised arrays, no media and no model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.model_card import (
    Calibration,
    ErrorRow,
    Figure,
    FrontEndSpec,
    ModelCard,
    PooledRow,
    Thresholds,
    TrainingFacts,
)
from pipeline.traces import DerivationStep, HeardSegment, Machine, SoundPicture, Traces
from pipeline.vocabulary import (
    AnalysisOptions,
    AudioTrack,
    Custody,
    ErrorRates,
    Failure,
    FloatArray,
    MediaFile,
    MediaItem,
    MediaReport,
    ModelUse,
    Probe,
    Quality,
    Reason,
    SegmentFacts,
    SegmentScores,
    Span,
    TrackUse,
    Variant,
    Verdict,
    VerdictKind,
)
from reports.document import ReportContext

MORNING = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
DECODE = "ffmpeg -i file:MEDIA -map 0:a:0 -ac 2 -ar 16000 -f f32le pipe:1"
LLR_LIMIT = float(np.log(48))

CONTEXT = ReportContext(
    report_id="VR-2026-000123",
    attempt=1,
    issued_at=datetime(2026, 11, 21, 9, 31, tzinfo=UTC),
    customer="Example Newsroom",
    job_name="Morning sweep",
    submitted_by="desk@example.org",
    laboratory="Example Media Forensics Laboratory, Geneva",
)

CARD = ModelCard(
    name="first-vit",
    sample_rate=16_000,
    segment_samples=16_000,
    front_ends=(FrontEndSpec(input_name="log_mel", front_end="log_mel"),),
    members=("vit",),
    has_attention=True,
    calibration={
        "recorded": Calibration(
            segment_scale=1.1,
            segment_offset=0.1,
            pooled=(PooledRow(min_voiced_s=0, scale=1.0, offset=0.0),),
            llr_limit=LLR_LIMIT,
        )
    },
    thresholds=Thresholds(
        synthetic_below=-1.1, no_evidence_above=0.9, span_below=-1.5, span_window_s=5.0
    ),
    error_rates=(
        ErrorRow(
            condition="clean",
            min_voiced_s=4,
            bonafide_rejected_rate=0.082,
            spoof_accepted_rate=0.121,
            decided_share=0.64,
            n_bonafide=512,
            n_spoof=640,
        ),
        ErrorRow(
            condition="clean",
            min_voiced_s=16,
            bonafide_rejected_rate=0.041,
            spoof_accepted_rate=0.093,
            decided_share=0.71,
            n_bonafide=312,
            n_spoof=340,
        ),
        ErrorRow(
            condition="degraded",
            min_voiced_s=4,
            bonafide_rejected_rate=0.163,
            spoof_accepted_rate=0.204,
            decided_share=0.41,
            n_bonafide=512,
            n_spoof=640,
        ),
    ),
    figures=(
        Figure(
            test="fold 4, unseen systems", metric="eer", value=0.183, n_bonafide=512, n_spoof=640
        ),
        Figure(
            test="fold 4, unseen systems", metric="cllr", value=0.574, n_bonafide=512, n_spoof=640
        ),
    ),
    training=TrainingFacts(
        recipe="training/recipes/first_vit.py",
        data="LibriSpeech, VoxCeleb and community speech; 14 speech synthesis systems",
        generators=("kokoro", "piper", "hifigan", "melgan"),
        cutoff="2026-10-01",
        seed=7,
    ),
    languages=("en", "de", "ja"),
    limits=("Telephone-band speech is called synthetic more often than wide-band speech.",),
    licence="Apache-2.0",
)


@dataclass
class Sound:
    """One row per segment of one channel, to be turned into SegmentScores."""

    llr: Sequence[float]  # NaN where not scored
    reason: Sequence[str] = ()
    quality: Sequence[int] = ()
    track: int = 0
    channel: int = 0
    variant: Variant = Variant.RECORDED
    hop_s: float = 1.0
    length: int = field(init=False)

    def __post_init__(self) -> None:
        """Fill what was not said."""
        self.length = len(self.llr)
        scored = np.isfinite(np.asarray(self.llr, dtype=float))
        if not self.reason:
            self.reason = [Reason.NONE if one else Reason.SILENCE for one in scored]
        if not self.quality:
            self.quality = [0] * self.length


def make_scores(*sounds: Sound) -> SegmentScores:
    """Return scores of several channels or variants, one after the other."""
    start = np.concatenate([np.arange(s.length) * s.hop_s for s in sounds])
    llr = np.concatenate([np.asarray(s.llr, dtype=np.float32) for s in sounds])
    n = len(llr)
    scored = np.isfinite(llr)
    facts = SegmentFacts(
        start_s=start,
        end_s=start + 1.0,
        track=np.concatenate([np.full(s.length, s.track) for s in sounds]),
        channel=np.concatenate([np.full(s.length, s.channel) for s in sounds]),
        variant=np.concatenate([np.full(s.length, s.variant.value) for s in sounds]),
        voiced_share=np.where(scored, 0.8125, 0.0).astype(np.float32),
        removed_share=np.full(n, 0.0625, dtype=np.float32),
        quality=np.concatenate([np.asarray(s.quality, dtype=np.int64) for s in sounds]),
        reason=np.concatenate([np.asarray([str(r) for r in s.reason]) for s in sounds]),
    )
    return SegmentScores(
        facts=facts,
        cm_score=((llr - 0.1) / 1.1).astype(np.float32),
        llr=llr,
        embedding=np.zeros((n, 4), dtype=np.float32),
        attention=None,
        model_id="0" * 64,
    )


def make_verdict(
    kind: VerdictKind = VerdictKind.NO_EVIDENCE,
    llr: float | None = 2.5,
    reason: Reason = Reason.NONE,
    spans: tuple[Span, ...] = (),
    separated_llr: float | None = None,
    voiced_s: float = 48.7,
) -> Verdict:
    """Return a verdict with the error rates of the card's second row."""
    row = CARD.error_rates[1]
    rates = ErrorRates(
        condition="clean, 16 s of voice or more",
        bonafide_rejected_rate=row.bonafide_rejected_rate,
        spoof_accepted_rate=row.spoof_accepted_rate,
        decided_share=row.decided_share,
        n_bonafide=row.n_bonafide,
        n_spoof=row.n_spoof,
    )
    return Verdict(
        kind=kind,
        reason=reason,
        llr=llr,
        llr_limit=LLR_LIMIT,
        voiced_s=voiced_s,
        spans=spans,
        error_rates=None if kind is VerdictKind.NOT_APPLICABLE else rates,
        separated_llr=separated_llr,
    )


def make_media(
    duration_s: float = 60.0,
    channel_use: tuple[TrackUse, ...] = (TrackUse.ANALYSED,),
    notes: tuple[str, ...] = (),
    declared_s: float | None = None,
) -> MediaFile:
    """Return a file as the probe describes it."""
    track = AudioTrack(
        index=0,
        codec="aac",
        sample_rate=44_100,
        n_channels=len(channel_use),
        bit_rate_bps=128_000,
        language="eng",
        decoded_duration_s=duration_s,
        channel_use=channel_use,
    )
    probe = Probe(
        container="mov,mp4,m4a,3gp,3g2,mj2",
        declared_duration_s=duration_s if declared_s is None else declared_s,
        bit_rate_bps=131_072,
        tracks=(track,),
        other_streams=("video h264",),
        notes=notes,
    )
    return MediaFile("item-1", Path("/private/never/shown.bin"), SHA256, 3_214_567, probe)


def make_traces(
    end_s: float, rows: tuple[int, ...] = (), seed: int = 11, *, explained: bool = False
) -> Traces:
    """Return what is noted of one channel: noise under a moving envelope, which packs badly.

    Args:
        end_s: length of the sound.
        rows: of the strongest segments, which get pictures and sound of their own.
        seed: of the noise.
        explained: the strongest segments say what their scores came from.
    """
    heard = tuple(
        HeardSegment(
            row=row,
            start_s=float(row),
            sample_rate=16_000,
            samples=np.random.default_rng(row).integers(-9_000, 9_000, 16_000).astype(np.int16),
            picture=make_picture(float(row), float(row) + 1, 100, seed + row),
            llr_changes=make_changes(row) if explained else None,
        )
        for row in rows
    )
    steps = (
        DerivationStep("probe", "ffmpeg 9.0.2", "ffmpeg -i file:MEDIA -f null -", "", SHA256),
        DerivationStep("decode", "ffmpeg 9.0.2", DECODE, "track 1", SHA256, "d" * 64),
        DerivationStep("separate", "first-mask", "", "1.1, 16000 Hz, float32", "d" * 64, "e" * 64),
    )
    machine = Machine("survey, prepare, score", "Linux 6.1 x86_64", "Example CPU", 2)
    return Traces((make_picture(0.0, end_s, 480, seed),), heard, steps, (machine,))


def make_changes(row: int) -> FloatArray:
    """Return how far the LLR moves with each part hidden: the first parts up, the last ones down."""
    return np.linspace(1.5, -0.5, 14).astype(np.float32) + np.float32(row / 1_000)


def make_picture(start_s: float, end_s: float, n_columns: int, seed: int) -> SoundPicture:
    """Return a spectrogram as loud and as rough as speech."""
    rng = np.random.default_rng(seed)
    envelope = 120 + 80 * np.sin(np.arange(n_columns) / 3)
    slope = np.linspace(60, -60, 64)
    levels = envelope + slope[:, None] + rng.normal(0, 12, (64, n_columns))
    kept = np.clip(levels, 0, 255).astype(np.uint8)
    peaks = kept[8].copy()  # as rough as the speech
    return SoundPicture(0, 0, start_s, end_s, 8_000.0, 70.0, kept, peaks)


def make_report(
    scores: SegmentScores | None,
    verdict: Verdict | None,
    media: MediaFile | None = None,
    failure: Failure | None = None,
    title: str = "Interview with the minister, uncut",
    options: AnalysisOptions | None = None,
    traces: Traces | None = None,
) -> MediaReport:
    """Return a report around what was found."""
    return MediaReport(
        item=MediaItem(
            "item-1", "job-1", "https://media.example.org/watch?v=Xy12_ab&list=PL09", title
        ),
        media=media,
        custody=Custody(
            acquired_at=MORNING,
            acquired_by="yt-dlp 2026.10.26",
            source_version='ETag "33a64df5"',
            original_name="interview.mp4",
            facts={"http_status": "200", "content_type": "video/mp4", "command": "yt-dlp SOURCE"},
        ),
        scores=scores,
        verdict=verdict,
        failure=failure,
        models=(
            ModelUse("first-vit", "a" * 64, "detector", "CPUExecutionProvider"),
            ModelUse("first-mask", "b" * 64, "separator", "CPUExecutionProvider"),
        ),
        options=options or AnalysisOptions(),
        versions={"verity": "0.1.0", "ffmpeg": "9.0.2", "onnxruntime": "1.22.0"},
        timings_s={
            "fetch": 1.231,
            "decode": 0.402,
            "separate": 0.633,
            "embed": 0.211,
            "score": 0.094,
        },
        analysed_at=datetime(2026, 11, 21, 9, 30, 40, tzinfo=UTC),
        traces=traces or Traces(),
    )


def spliced_report(title: str = "Interview with the minister, uncut") -> MediaReport:
    """A minute of genuine speech with two synthetic stretches, pauses and a telephone-band end."""
    rng = np.random.default_rng(5)
    llr = rng.normal(1.6, 0.9, 60)
    llr[12:19] = rng.normal(-2.6, 0.8, 7)
    llr[40:46] = rng.normal(-2.0, 0.7, 6)
    reason = [Reason.NONE] * 60
    for index in (0, 1, 29, 30, 31):
        llr[index], reason[index] = np.nan, Reason.SILENCE
    for index in (55, 56, 57, 58, 59):
        llr[index], reason[index] = np.nan, Reason.MUSIC
    quality = [0] * 48 + [int(Quality.NARROW_BAND)] * 7 + [0] * 4 + [int(Quality.PARTIAL)]
    spans = (Span(12, 19, 0, 0, -3.4), Span(40, 46, 0, 0, -2.2))
    return make_report(
        make_scores(Sound(llr.tolist(), reason, quality)),
        make_verdict(VerdictKind.PARTLY_SYNTHETIC, 0.4, spans=spans),
        make_media(60.0, (TrackUse.ANALYSED, TrackUse.COPY)),
        title=title,
        traces=make_traces(60.0, (14, 42, 5, 33), explained=True),
    )


def failed_report(code: str = "media_corrupt") -> MediaReport:
    """An item that ended with an error before anything was scored."""
    return make_report(
        None,
        None,
        MediaFile("item-1", Path("/private/never/shown.bin"), SHA256, 1_204, None),
        Failure(code, "No sound could be decoded from this file. Fetch it again.", "decode"),
    )


def not_applicable_report(reason: Reason = Reason.MUSIC) -> MediaReport:
    """An item without anything to judge."""
    scores = make_scores(Sound([float("nan")] * 30, [reason] * 30))
    verdict = make_verdict(VerdictKind.NOT_APPLICABLE, None, reason, voiced_s=0.0)
    return make_report(scores, verdict, make_media(30.0))


def long_report(hours: float = 10.0, seed: int = 3) -> MediaReport:
    """An item of many hours that changes all the time."""
    rng = np.random.default_rng(seed)
    n = int(hours * 3_600)
    llr = rng.normal(0.8, 1.5, n)
    reason = [Reason.NONE] * n
    for start in range(0, n, 600):
        llr[start : start + 45] = np.nan
        reason[start : start + 45] = [Reason.NO_SPEECH] * len(reason[start : start + 45])
    scores = make_scores(Sound(llr.tolist(), reason))
    traces = make_traces(float(n), (50, 60, 70, 80))
    verdict = make_verdict(llr=3.1, voiced_s=n * 0.7)
    return make_report(scores, verdict, make_media(float(n)), traces=traces)


def steady_report(llr: float) -> MediaReport:
    """Half a minute in which every second and the whole have the same LLR."""
    kind = VerdictKind.INCONCLUSIVE
    if llr > CARD.thresholds.no_evidence_above:
        kind = VerdictKind.NO_EVIDENCE
    elif llr < CARD.thresholds.synthetic_below:
        kind = VerdictKind.SYNTHETIC
    reason = Reason.WEAK_EVIDENCE if kind is VerdictKind.INCONCLUSIVE else Reason.NONE
    spans = (Span(0, 30, 0, 0, llr),) if kind is VerdictKind.SYNTHETIC else ()
    return make_report(
        make_scores(Sound([llr] * 30)),
        make_verdict(kind, llr, reason, spans, voiced_s=27.0),
        make_media(30.0),
        options=AnalysisOptions(keep_clips=True),
        traces=make_traces(30.0, (0, 1, 28, 29)),
    )
