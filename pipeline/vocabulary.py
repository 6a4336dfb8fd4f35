"""The values that travel through the project, each defined once (DESIGN.md §3).

One sign everywhere: a CM score and an LLR are higher for bona fide speech.
LLR = ln P(E | bona fide) / P(E | spoof), natural logarithm, calibrated; only `reports/wording.py`
turns it round into words.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag, StrEnum
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.traces import SoundArray, Traces

FloatArray: TypeAlias = NDArray[np.float32]
SecondsArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
TextArray: TypeAlias = NDArray[np.str_]


class Label(StrEnum):
    """The two classes, in the words of ASVspoof."""

    BONAFIDE = "bonafide"  # spoken by a person
    SPOOF = "spoof"  # synthetic or converted


class Variant(StrEnum):
    """What was listened to (DESIGN.md §4)."""

    RECORDED = "recorded"  # the recording as it is
    SEPARATED = "separated"  # the voice after the mask


class VerdictKind(StrEnum):
    """The answer for one item; errors are not verdicts."""

    NO_EVIDENCE = "no_evidence"  # no evidence of synthesis found; never "genuine"
    SYNTHETIC = "synthetic"
    PARTLY_SYNTHETIC = "partly_synthetic"  # with its spans
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"  # with a reason


class Reason(StrEnum):
    """Why a segment was not scored, or why an item has no firmer verdict."""

    NONE = ""
    # nothing to judge: the item's verdict is `not_applicable`, a segment has no score
    NO_AUDIO = "no_audio"  # no audio track
    SILENCE = "silence"
    NO_SPEECH = "no_speech"  # sound, but no voice and nothing that can be named
    TOO_SHORT = "too_short"  # under 1 s of voice
    MUSIC = "music"
    NOISE = "noise"
    TONE = "tone"
    CLIPPED = "clipped"  # nothing but samples at full scale: a square wave
    NOT_FINITE = "not_finite"  # NaN or infinite samples in the file
    # voice, but no decision: the item's verdict is `inconclusive`
    LITTLE_VOICE = "little_voice"  # 1 to 4 s of voice
    WEAK_EVIDENCE = "weak_evidence"  # the LLR lies in the inconclusive zone
    VARIANTS_DISAGREE = "variants_disagree"  # recorded and separated speech say different things
    OVERLAPPED_SPEECH = "overlapped_speech"  # several voices at once, in most of the seconds
    OUT_OF_SCOPE = "out_of_scope"  # unlike anything that the method was validated on


class Quality(IntFlag):
    """What is wrong with a segment's sound; 0 = nothing noticed."""

    NARROW_BAND = 1  # next to nothing above 4 kHz: telephone
    CLIPPING = 2  # samples at full scale
    LOW_LEVEL = 4  # below -50 dBFS
    MUCH_ELSE = 8  # the mask removes most of the energy: music or noise beside the voice
    PARTIAL = 16  # shorter than a segment, padded
    OVERLAPPED_SPEECH = 32  # two voices or more at once


class TrackUse(StrEnum):
    """What was done with a channel of an audio track."""

    ANALYSED = "analysed"
    COPY = "copy"  # the same sound, or the same sound inverted, as an analysed channel
    SILENT = "silent"
    SKIPPED = "skipped"  # over the limit of channels that are looked at


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One medium that somebody wants judged."""

    item_id: str
    job_id: str
    source_uri: str  # where it came from, as shown to people
    title: str  # as the source names it: untrusted text


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio stream of a file, as its container declares it and as it decoded."""

    index: int  # among the audio streams: ffmpeg's `0:a:index`
    codec: str
    sample_rate: int
    n_channels: int
    bit_rate_bps: int | None = None
    language: str = ""
    decoded_duration_s: float | None = None  # None until decoded
    channel_use: tuple[TrackUse, ...] = ()  # one a channel, empty until decoded
    channel_offset: tuple[float, ...] = ()  # one a channel, taken out before analysis; mostly 0
    # one a channel: seconds from and to where it stands off zero, which is taken out as well
    offset_stretches: tuple[tuple[tuple[float, float], ...], ...] = ()
    decoded_sha256: str = ""  # over the samples as the decoder wrote them; "" until decoded


@dataclass(frozen=True, slots=True)
class Probe:
    """What the container says about itself."""

    container: str  # ffmpeg's name of the demuxer, such as `mov,mp4,m4a,3gp,3g2,mj2`
    declared_duration_s: float | None
    bit_rate_bps: int | None
    tracks: tuple[AudioTrack, ...]
    other_streams: tuple[str, ...] = ()  # such as `video h264`
    notes: tuple[str, ...] = ()  # codes: `extension_mismatch`, `incomplete`, `metadata_capped`, ...


class ProvenanceState(StrEnum):
    """What came of the manifest (C2PA) that a file carries about its own origin."""

    ABSENT = "absent"  # there is none, which proves nothing
    TRUSTED = "trusted"  # it fits the bytes, and its signer is on the trust list
    VALID = "valid"  # it fits the bytes; nobody here vouches for its signer
    INVALID = "invalid"  # it does not fit the bytes, or is damaged
    ELSEWHERE = "elsewhere"  # the file names one on a server: nothing is fetched
    UNREADABLE = "unreadable"  # there is one, and reading it was given up


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file's manifest says; all text is the signer's, none of it was checked by us."""

    state: ProvenanceState
    signer: str = ""
    signed_at: str = ""  # of a time stamp inside the manifest, as it writes it
    generator: str = ""  # the program that made the claim
    claims: tuple[str, ...] = ()  # IPTC digital source types, such as `trainedAlgorithmicMedia`
    problems: tuple[str, ...] = ()  # codes of what does not hold
    tool: str = ""  # that read it, with its version; "": nothing was there to read
    trust_list: str = ""  # its SHA-256; "": none was set


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A fetched file. `path` never leaves its node and is never shown."""

    item_id: str
    path: Path
    sha256: str
    size_bytes: int
    probe: Probe | None = None  # None: not probed yet
    provenance: Provenance | None = None  # None: not looked for

    @property
    def duration_s(self) -> float:
        """Return the length of the longest track, as far as it was decoded."""
        tracks = () if self.probe is None else self.probe.tracks
        return max((track.decoded_duration_s or 0.0 for track in tracks), default=0.0)


@dataclass(frozen=True, slots=True)
class WaveformBlock:
    """A stretch of one channel, full scale 1.0."""

    samples: FloatArray  # (n_samples,)
    sample_rate: int
    start_s: float  # on the axis of decoded samples
    track: int
    channel: int


@dataclass(frozen=True, slots=True)
class SeparatedBlock:
    """A block of the recording beside the same stretch of the voice that the mask left."""

    recorded: WaveformBlock
    voice: FloatArray  # (n_samples,) the masked recording, original phase
    voice_activity: FloatArray  # (n_frames,) probability of voice, one each `frame_s`
    frame_s: float  # seconds a frame; n_frames * frame_s covers the block


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """Where segments lie and what their sound is like; every field has one entry a segment."""

    start_s: SecondsArray  # (n,)
    end_s: SecondsArray  # (n,)
    track: IntArray  # (n,)
    channel: IntArray  # (n,)
    variant: TextArray  # (n,) values of Variant
    voiced_share: FloatArray  # (n,) share of the segment's time that holds voice, 0 to 1
    removed_share: FloatArray  # (n,) share of the energy that the mask takes away, 0 to 1
    quality: IntArray  # (n,) flags of Quality
    reason: TextArray  # (n,) values of Reason; "" = scored


@dataclass(frozen=True, slots=True)
class SegmentBatch:
    """Segments with their samples, on their way to the front ends."""

    facts: SegmentFacts  # of n segments
    samples: FloatArray  # (n, segment_samples)


@dataclass(frozen=True, slots=True)
class Features:
    """What the model is given: one tensor for each input that its card names."""

    tensors: dict[str, FloatArray]  # (n_scored, ...)


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Segments after the front ends; `features` has rows only where `facts.reason` is empty."""

    facts: SegmentFacts  # of n segments
    features: Features  # of n_scored segments
    sound: SoundArray | None = (
        None  # (n_recorded, segment_samples), 16 bit: to look at and listen to
    )


@dataclass(frozen=True, slots=True)
class ModelOutputs:
    """What the graph gives back, one row for each row of `Features`."""

    cm_score: FloatArray  # (n_scored,)
    embedding: FloatArray  # (n_scored, d), unit norm
    attention: FloatArray | None  # (n_scored, n_patches), or the card says that there is none
    attribution: FloatArray | None = None  # (n_scored, n_columns), see `AttributionCard`


@dataclass(frozen=True, slots=True)
class SegmentScores:
    """All segments of one item; NaN = not scored, with a reason in `facts`."""

    facts: SegmentFacts  # of n segments
    cm_score: FloatArray  # (n,)
    llr: FloatArray  # (n,)
    embedding: FloatArray  # (n, d), NaN where not scored
    attention: FloatArray | None  # (n, n_patches)
    model_id: str
    attribution: FloatArray | None = None  # (n, n_columns), NaN where not scored


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one channel whose segments together support the spoof proposition."""

    start_s: float
    end_s: float
    track: int
    channel: int
    llr: float  # pooled over the span


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often the method errs at its thresholds on validation items with as much voice.

    The two rates are shares of all items of the class, inconclusive ones included.
    """

    condition: str  # the validation items' kind, such as `clean, 2 to 4 s of voice`
    bonafide_rejected_rate: float  # genuine called synthetic
    spoof_accepted_rate: float  # synthetic called genuine
    decided_share: float  # items that got a decision at all
    n_bonafide: int
    n_spoof: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """Which known system synthetic speech is most like; no part of the evidence for the verdict."""

    system: str  # "" = unknown: like none of the known ones, or not enough like any
    family: str  # of what makes the waveform; "" where unknown
    margin: float  # of the best known system over everything else
    false_name_rate: float  # measured: items of systems never met that get a name all the same


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one item."""

    kind: VerdictKind
    reason: Reason
    llr: float | None  # None only where no segment was scored
    llr_limit: float  # |llr| beyond this is not supported by the validation data
    voiced_s: float  # seconds of voice that were scored
    spans: tuple[Span, ...] = ()
    error_rates: ErrorRates | None = None
    separated_llr: float | None = None  # the second way to listen, where it was used
    likeness: Likeness | None = None  # None: not synthetic, or the model cannot tell systems apart


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item has no verdict."""

    code: str
    message: str  # for people: what happened, and what to do
    stage: str  # fetch, probe, decode, ...
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that took part, and where it ran."""

    name: str
    sha256: str
    role: str  # `detector`, `separator` or `overlap`
    provider: str  # ONNX Runtime's name, such as `CPUExecutionProvider`


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What the caller may choose; part of the findings."""

    hop_s: float = 1.0  # seconds between segment starts, 0.25 to 1
    block_s: float = 30.0  # seconds a block; changes no number
    max_duration_s: float = 43_200.0  # 12 h of decoded sound, then `LimitExceededError`
    max_channels: int = 8  # channels that are looked at, over all tracks
    keep_clips: bool = (
        False  # write the strongest seconds as sound beside the report; no number changes
    )
    explain: bool = False  # tell what the strongest seconds' scores came from; no number changes


@dataclass(frozen=True, slots=True)
class Custody:
    """Where the bytes came from and how they were had."""

    acquired_at: datetime
    acquired_by: str  # the tool and its version, such as `yt-dlp 2026.10.26`
    source_version: str = ""  # ETag, version id or guid
    original_name: str = ""  # as the source names the file: untrusted text
    facts: dict[str, str] = field(default_factory=dict)  # HTTP and source facts worth keeping


@dataclass(frozen=True, slots=True)
class MediaReport:
    """Everything that the analysis of one item found; exactly one of verdict and failure is set."""

    item: MediaItem
    media: MediaFile | None  # None: the bytes were never had
    custody: Custody | None
    scores: SegmentScores | None
    verdict: Verdict | None
    failure: Failure | None
    models: tuple[ModelUse, ...]
    options: AnalysisOptions
    versions: dict[str, str]  # tool -> version: verity, ffmpeg, onnxruntime, ...
    timings_s: dict[str, float]  # stage -> seconds
    analysed_at: datetime
    traces: Traces = field(default_factory=Traces)
