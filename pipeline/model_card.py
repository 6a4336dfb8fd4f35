"""What a model file says about itself: the card in an ONNX file's metadata (DESIGN.md §5).

The card is the only place where sample rate, hop, segment length, label order, calibration and
thresholds are written; `slicing`, `embed`, `separate`, `calibrate` and `decide` read it.

Graph contract v1 of a detector: inputs are the front-end tensors that `front_ends` names, float32
(n, ...) with n free; outputs are `cm_score` (n,), higher = more bona fide, `embedding` (n, d) of
unit norm, and, where `has_attention`, `attention` (n, n_patches) summing to 1, and, where there is
an `attribution` part, `attribution` (n, n_columns), see `AttributionCard`.
Graph contract v1 of a separator: the one input is `magnitude` float32 (n, n_frames, n_bins) or
`spectrum` float32 (n, n_frames, n_bins, 2), real and imaginary parts, n free, the STFT of
`pipeline.overlap_add` unscaled (level normalisation is the graph's own work); outputs `mask`
(n, n_frames, n_bins) in [0, 1] and `voice_activity` (n, n_frames) in [0, 1].
Graph contract v1 of a net for overlapped speech: the one input is its front end's tensor, float32
(n, ...) with n free; the output is `overlap` (n,) in [0, 1].
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

METADATA_KEY = "verity_card"  # the key in ONNX's metadata_props that holds the card as JSON


class CardPart(BaseModel):
    """A part of a card: immutable, and nothing unknown is let through."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class FrontEndSpec(CardPart):
    """One input tensor of the graph and the front end that makes it."""

    input_name: str  # the graph's input
    front_end: str  # a key of `pipeline.frontends.FRONT_ENDS`
    config: dict[str, float | int | str | bool] = {}  # fields of that front end's config


class Calibration(CardPart):
    """From CM score to LLR for one variant: affine logistic regression on held-out scores.

    A segment: llr = segment_scale * cm_score + segment_offset.
    An item: the mean CM score of its scored segments goes through the row of `pooled` with the
    largest `min_voiced_s` that the item has.
    """

    segment_scale: float
    segment_offset: float
    pooled: tuple["PooledRow", ...]  # ascending min_voiced_s, the first is 0
    llr_limit: float  # ln of the independent witnesses of the smaller class; |llr| stops here


class PooledRow(CardPart):
    """The affine map for items with at least this much voice."""

    min_voiced_s: float
    scale: float
    offset: float


class Thresholds(CardPart):
    """Where decisions fall, all on the llr; between the two lies the inconclusive zone."""

    synthetic_below: float
    no_evidence_above: float
    span_below: float  # pooled llr of a window of segments that starts a synthetic span
    span_window_s: float  # length of that window
    # with a stretch of `min_voiced_s` at or below this, an item is not called unsuspicious
    doubt_below: float | None = None
    min_voiced_s: float = 4.0  # a decision asks for this much voice
    disagreement: float = 4.0  # |recorded llr - separated llr| beyond which no decision is taken


class ErrorRow(CardPart):
    """Measured errors at the shipped thresholds, for one amount of voice and one condition."""

    condition: str  # `clean`, `degraded`, ...
    min_voiced_s: float
    bonafide_rejected_rate: float  # genuine called synthetic
    spoof_accepted_rate: float  # synthetic called genuine
    decided_share: float
    n_bonafide: int
    n_spoof: int


class Figure(CardPart):
    """One measured figure on one named test."""

    test: str
    metric: str  # eer, cllr, min_cllr, auc, ...
    value: float  # a fraction, never percent
    n_bonafide: int
    n_spoof: int


class KnownSystem(CardPart):
    """A generator, or a class of them, that a synthetic voice can be likened to."""

    name: str  # `hifigan`; `codec` stands for genuine speech after any neural codec
    family: str  # of what makes the waveform, such as `gan vocoder`


class AttributionCard(CardPart):
    """What the graph's `attribution` output means: a column for each system, then the outside ones.

    An item's mean margin is its best system's column less its best outside column; from
    `named_above` on the system is named, below the answer is "unknown".
    """

    systems: tuple[KnownSystem, ...]
    n_outside: int  # columns after the systems': other systems, and genuine speech
    named_above: float
    min_voiced_s: float  # with less voice nothing is named
    known_named_rate: float  # items of known systems that get their right name (held out, clean)
    unknown_named_rate: float  # items of systems never met that get a name, which is wrong
    figures: tuple[Figure, ...]


class TrainingFacts(CardPart):
    """What the model was made from."""

    recipe: str  # the file in training/recipes
    data: str  # in words
    generators: tuple[str, ...]  # systems whose speech was in training
    cutoff: str  # ISO date of the newest training data
    seed: int


class ModelCard(CardPart):
    """The card of a detector."""

    kind: Literal["detector"] = "detector"
    contract: Literal[1] = 1
    name: str
    sample_rate: int
    segment_samples: int
    front_ends: tuple[FrontEndSpec, ...]
    members: tuple[str, ...]  # what a fusion is made of; one name for a single net
    label_order: tuple[Literal["bonafide", "spoof"], ...] = ("bonafide", "spoof")
    has_attention: bool
    # Masking the attention's top cells moves the LLR more than masking random ones: only then may
    # a report show its picture (`python -m training attention-check`).
    attention_shown: bool = False
    attribution: AttributionCard | None = None  # None: the graph has no `attribution` output
    batch_size: int = 32  # scoring pads to this, so that neighbours cannot change a number
    calibration: dict[Literal["recorded", "separated"], Calibration]
    thresholds: Thresholds
    error_rates: tuple[ErrorRow, ...]
    figures: tuple[Figure, ...]
    training: TrainingFacts
    languages: tuple[str, ...]  # heard in training
    limits: tuple[str, ...]  # what it is known to get wrong, in words
    licence: str


class SeparatorCard(CardPart):
    """The card of a voice separator (mask net)."""

    kind: Literal["separator"] = "separator"
    contract: Literal[1] = 1
    name: str
    sample_rate: int
    n_fft: int
    hop_length: int
    window_frames: int  # frames the graph takes at once
    overlap_frames: int = 64  # of neighbouring windows, whose masks are cross-faded there
    batch_windows: int = 8  # windows given to the graph at once
    voice_threshold: float  # voice_activity from which a frame counts as voiced
    figures: tuple[Figure, ...]
    training: TrainingFacts
    limits: tuple[str, ...]
    licence: str


class OverlapCard(CardPart):
    """The card of a net that hears several voices at once."""

    kind: Literal["overlap"] = "overlap"
    contract: Literal[1] = 1
    name: str
    sample_rate: int
    segment_samples: int  # of the sound that the graph takes at once
    front_ends: tuple[FrontEndSpec]
    flagged_from: float  # `overlap` from which a segment holds several voices at once
    figures: tuple[Figure, ...]
    training: TrainingFacts
    limits: tuple[str, ...]
    licence: str


AnyCard = Annotated[ModelCard | SeparatorCard | OverlapCard, Field(discriminator="kind")]
_READ_CARD: TypeAdapter[ModelCard | SeparatorCard | OverlapCard] = TypeAdapter(AnyCard)


def read_card(text: str) -> ModelCard | SeparatorCard | OverlapCard:
    """Return the card that an ONNX file's metadata holds as JSON.

    Raises:
        pydantic.ValidationError: the text is no card of contract v1.
    """
    return _READ_CARD.validate_json(text)
