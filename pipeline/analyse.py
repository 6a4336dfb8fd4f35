"""Walk the one path in one process: a media file in, a MediaReport out (DESIGN.md §1).

1. survey     decode: durations, channels
2. prepare    decode, separate, slice, embed: an iterator of prepared batches
3. score      features to CM scores
4. conclude   calibrate and decide
The fleet calls the same functions in the same order, cut where the resource changes.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime

from pipeline.attribute import liken
from pipeline.calibrate import segment_llr
from pipeline.decide import decide, no_audio
from pipeline.decode import analysed_channels, decode, replace_not_finite, survey
from pipeline.derivation import derivation_of, this_machine
from pipeline.embed import embed
from pipeline.errors import AccessError, VerityError
from pipeline.ffmpeg_command import ffmpeg_version
from pipeline.kept_sound import KeptSound
from pipeline.model_card import ModelCard
from pipeline.occlusion import explain
from pipeline.overlapped_speech import OverlapDetector, flag_overlapped_speech
from pipeline.probe import hash_file, probe
from pipeline.score import Detector, join_outputs
from pipeline.separate import Separator, separate
from pipeline.slicing import SliceConfig, slice_segments
from pipeline.sound_picture import Painter, watched
from pipeline.strongest import SoundKeeper, heard_segments, strongest_segments, to_sound
from pipeline.traces import SoundArray, SoundPicture, Traces
from pipeline.vocabulary import (
    AnalysisOptions,
    Custody,
    Failure,
    Features,
    FloatArray,
    MediaFile,
    MediaItem,
    MediaReport,
    ModelOutputs,
    ModelUse,
    PreparedBatch,
    Reason,
    SegmentFacts,
    SegmentScores,
    SeparatedBlock,
    Variant,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Models:
    """What the analysis listens with."""

    detector: Detector
    separator: Separator
    separator_sha256: str
    overlap: OverlapDetector | None = None  # None: nobody looks for voices that speak at once

    @property
    def uses(self) -> tuple[ModelUse, ...]:
        """Return what a report says of them."""
        name, provider = self.separator.card.name, self.separator.provider
        separator = ModelUse(name, self.separator_sha256, "separator", provider)
        return self.detector.use, separator, *(() if self.overlap is None else (self.overlap.use,))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an item is; `done_s` of `total_s` seconds of sound over all analysed channels."""

    stage: str  # survey, prepare, score
    done_s: float
    total_s: float


OnProgress = Callable[[Progress], None]
Listeners = tuple[Separator, OverlapDetector | None]  # what the recording goes through in `prepare`
Admit = Callable[[MediaFile], None]  # told once of the file, when its length is known; may refuse


@dataclass(slots=True)
class Watch:
    """What `survey_media` and `prepare` note while sound goes by; the findings do not need it."""

    kept: KeptSound = field(default_factory=KeptSound)  # by the survey, for `prepare`
    pictures: list[SoundPicture] = field(default_factory=list)
    separated_sha256: dict[tuple[int, int], str] = field(default_factory=dict)  # track, channel


def analyse(
    item: MediaItem,
    media: MediaFile,
    models: Models,
    options: AnalysisOptions,
    on_progress: OnProgress = lambda _: None,
    admit: Admit = lambda _: None,
) -> MediaReport:
    """Return the report of one probed file.

    Raises:
        AccessError: `admit` refused.
        MediaCorruptError, LimitExceededError: see `pipeline.decode`.
        NonFiniteScoreError: see `pipeline.score`.
    """
    clock = _Clock()
    card = models.detector.card
    watch = Watch()
    media = survey_media(media, card, options, on_progress, watch)
    clock.stage("survey")
    admit(media)
    facts: list[SegmentFacts] = []
    outputs: list[ModelOutputs] = []
    keeper = SoundKeeper[tuple[SoundArray, Features]]()
    listeners = (models.separator, models.overlap)
    for batch in prepare(media, card, listeners, options, on_progress, watch):
        clock.stage("prepare")
        facts.append(batch.facts)
        outputs.append(models.detector.score(batch.features))
        if batch.sound is not None:
            sound = (batch.sound, batch.features)
            keeper.add(len(facts) - 1, batch.facts, outputs[-1].cm_score, sound)
        clock.stage("score")
    cm_scores = [output.cm_score for output in outputs]
    strongest = strongest_segments(facts, cm_scores, keeper.kept)
    changes = None
    if options.explain and strongest:
        kept = {batch: features for batch, (_, features) in keeper.kept.items()}
        changes = explain(strongest, kept, models.detector)
        clock.stage("explain")
    scores, verdict = conclude(facts, outputs, card, models.detector.model_id)
    clock.stage("conclude")
    sounds = {batch: sound for batch, (sound, _) in keeper.kept.items()}
    traces = Traces(
        pictures=tuple(watch.pictures),
        heard=heard_segments(facts, strongest, sounds, card.sample_rate, changes),
        derivation=derivation_of(media, card.sample_rate, watch.separated_sha256, models.uses),
        machines=(this_machine("survey, prepare, score, conclude"),),
    )
    return MediaReport(
        item=item,
        media=media,
        custody=None,
        scores=scores,
        verdict=verdict,
        failure=None,
        models=models.uses,
        options=options,
        versions=tool_versions(),
        timings_s=clock.timings_s,
        analysed_at=datetime.now(UTC),
        traces=traces,
    )


def examine(  # noqa: PLR0913 (two of them are told, not asked)
    item: MediaItem,
    path: Path,
    models: Models,
    options: AnalysisOptions,
    custody: Custody | None = None,
    on_progress: OnProgress = lambda _: None,
    admit: Admit = lambda _: None,
) -> MediaReport:
    """Return the report of one file, whatever it holds: a bad file has a report that says so.

    Args:
        item: what the file is an item of.
        path: the file, on this machine.
        models: what to listen with.
        options: the caller's choices.
        custody: where the bytes came from; its `original_name` gives the extension.
        on_progress: called now and then.
        admit: may refuse the file by an AccessError, once its length is known.

    Raises:
        AccessError: `admit` refused.
    """
    media: MediaFile | None = None
    stage = "probe"
    name = custody.original_name if custody and custody.original_name else path.name
    try:
        media = hash_file(item.item_id, path)  # a file that cannot be read has a hash too
        media = replace(media, probe=probe(path, name))
        stage = "analyse"
        report = analyse(item, media, models, options, on_progress, admit)
    except AccessError:  # not the file's fault: whoever asked is told
        raise
    except VerityError as error:
        failure = Failure(error.code, error.message, stage, error.retryable)
        return failed_report(item, media, custody, failure, models.uses, options)
    return replace(report, custody=custody)


def survey_media(
    media: MediaFile,
    card: ModelCard,
    options: AnalysisOptions,
    on_progress: OnProgress = lambda _: None,
    watch: Watch | None = None,
) -> MediaFile:
    """Return the file with true durations and the use of each channel; see `pipeline.decode`."""
    total_s = (media.probe.declared_duration_s if media.probe else None) or 0.0
    return survey(
        media,
        card.sample_rate,
        options,
        lambda done_s: on_progress(Progress("survey", done_s, total_s)),
        watch.kept if watch is not None else None,
    )


def prepare(
    media: MediaFile,
    card: ModelCard,
    listeners: Listeners,
    options: AnalysisOptions,
    on_progress: OnProgress = lambda _: None,
    watch: Watch | None = None,
) -> Iterator[PreparedBatch]:
    """Yield the prepared segments of each analysed channel in turn; `media` has been surveyed.

    Pictures and checksums of a channel are in `watch` once its last batch was yielded. What the
    survey kept there is not decoded again.
    """
    watch = Watch() if watch is None else watch
    separator, overlap = listeners
    assert media.probe is not None, "prepare follows survey_media"
    channels = analysed_channels(media.probe)
    total_s = sum(track.decoded_duration_s or 0.0 for track, _ in channels)
    config = SliceConfig(
        card.sample_rate,
        card.segment_samples,
        options.hop_s,
        separator.card.voice_threshold,
        hears_again=Variant.SEPARATED.value in card.calibration,
    )
    before_s = 0.0
    for track, channel in channels:
        damaged: list[tuple[float, float]] = []
        blocks = decode(media, track, channel, card.sample_rate, options.block_s, watch.kept)
        finite = replace_not_finite(blocks, damaged)
        painter = Painter(
            card.sample_rate, round((track.decoded_duration_s or 0.0) * card.sample_rate)
        )
        digest = hashlib.sha256()
        voices = _hashed(separate(watched(finite, painter), separator), digest)
        for batch in slice_segments(voices, config):
            _exclude(batch.facts, damaged)
            if overlap is not None:
                flag_overlapped_speech(batch, overlap)
            is_recorded = batch.facts.variant == Variant.RECORDED
            prepared = replace(embed(batch, card), sound=to_sound(batch.samples[is_recorded]))
            on_progress(Progress("prepare", before_s + float(batch.facts.end_s.max()), total_s))
            yield prepared
        watch.pictures.append(painter.finish(track.index, channel))
        watch.separated_sha256[track.index, channel] = digest.hexdigest()
        before_s += track.decoded_duration_s or 0.0


def conclude(
    facts: Sequence[SegmentFacts],
    outputs: Sequence[ModelOutputs],
    card: ModelCard,
    model_id: str,
) -> tuple[SegmentScores | None, Verdict]:
    """Return the calibrated scores of all segments, and the item's verdict.

    Args:
        facts: of each prepared batch, in order.
        outputs: of the model for each batch's scored rows, in the same order.
        card: of the model.
        model_id: its SHA-256.
    """
    if not facts:
        return None, no_audio(card)
    joined = _join_facts(facts)
    output = join_outputs(list(outputs))
    scored = np.flatnonzero(joined.reason == Reason.NONE)
    cm_score = _spread(output.cm_score, scored, len(joined.reason))
    llr = np.full_like(cm_score, np.nan)
    for variant, calibration in card.calibration.items():
        rows = joined.variant == variant
        llr[rows] = segment_llr(cm_score[rows], calibration)
    scores = SegmentScores(
        facts=joined,
        cm_score=cm_score,
        llr=llr,
        embedding=_spread(output.embedding, scored, len(joined.reason)),
        attention=None
        if output.attention is None
        else _spread(output.attention, scored, len(joined.reason)),
        model_id=model_id,
        attribution=None
        if output.attribution is None
        else _spread(output.attribution, scored, len(joined.reason)),
    )
    verdict = decide(scores, card)
    return scores, replace(verdict, likeness=liken(scores, verdict, card))


def failed_report(
    item: MediaItem,
    media: MediaFile | None,
    custody: Custody | None,
    failure: Failure,
    models: tuple[ModelUse, ...],
    options: AnalysisOptions,
) -> MediaReport:
    """Return the report of an item that has no verdict; it says what failed."""
    return MediaReport(
        item=item,
        media=media,
        custody=custody,
        scores=None,
        verdict=None,
        failure=failure,
        models=models,
        options=options,
        versions=tool_versions(),
        timings_s={},
        analysed_at=datetime.now(UTC),
        traces=Traces(
            derivation=derivation_of(media, 0, {}, models),
            machines=(this_machine("probe, survey"),),
        ),
    )


def tool_versions() -> dict[str, str]:
    """Return the versions of what the numbers depend on."""
    return {
        "verity": _own_version(),
        "ffmpeg": ffmpeg_version(),
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
    }


@cache
def _own_version() -> str:
    return version("verity")  # reads a file


class _Clock:
    """Adds up the seconds between calls, by stage."""

    def __init__(self) -> None:
        self.timings_s: dict[str, float] = {}
        self._last = time.perf_counter()

    def stage(self, name: str) -> None:
        now = time.perf_counter()
        self.timings_s[name] = self.timings_s.get(name, 0.0) + now - self._last
        self._last = now


def _hashed(blocks: Iterator[SeparatedBlock], digest: "hashlib._Hash") -> Iterator[SeparatedBlock]:
    """Yield the blocks as they are; their voice goes into the digest first."""
    for block in blocks:
        digest.update(np.ascontiguousarray(block.voice, np.float32).data)
        yield block


def _exclude(facts: SegmentFacts, damaged: list[tuple[float, float]]) -> None:
    """Give the segments that hold samples which are no numbers their reason."""
    for start_s, end_s in damaged:
        touched = (facts.start_s < end_s) & (facts.end_s > start_s)
        facts.reason[touched] = str(Reason.NOT_FINITE)


def _join_facts(parts: Sequence[SegmentFacts]) -> SegmentFacts:
    return SegmentFacts(
        start_s=np.concatenate([part.start_s for part in parts]),
        end_s=np.concatenate([part.end_s for part in parts]),
        track=np.concatenate([part.track for part in parts]),
        channel=np.concatenate([part.channel for part in parts]),
        variant=np.concatenate([part.variant for part in parts]),
        voiced_share=np.concatenate([part.voiced_share for part in parts]),
        removed_share=np.concatenate([part.removed_share for part in parts]),
        quality=np.concatenate([part.quality for part in parts]),
        reason=np.concatenate([part.reason for part in parts]),
    )


def _spread(
    values: FloatArray, rows: np.ndarray[tuple[int], np.dtype[np.int64]], n: int
) -> FloatArray:
    """Return an array of `n` rows with `values` at `rows` and NaN elsewhere."""
    spread = np.full((n, *values.shape[1:]), np.nan, dtype=np.float32)
    spread[rows] = values
    return spread
