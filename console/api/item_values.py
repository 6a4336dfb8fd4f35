"""What the API says of one item, and what may be asked of it; built from the report that was read."""

from typing import Annotated

from pydantic import BaseModel, Field

from console.api.item_sound import ItemSound
from console.api.report_shelf import ReadReport
from jobs.spec import ItemStatus
from pipeline.vocabulary import Variant
from reports.document import FailurePart, SummaryPart
from reports.findings import MediaFindings, SegmentRow, VerdictFindings
from reports.languages import words_of
from reports.segment_lanes import level_of
from reports.wording import cell_words, likeness_sentence
from reports.words import Words

MOST_CELLS = 1_000
MOST_ROWS = 400
LEAST_ROWS = 64  # as many lanes as an item can have: a page always holds whole times
MOST_POINTS = 2_000
LAST_S = 1e6
Seconds = Annotated[float, Field(ge=0, le=LAST_S, allow_inf_nan=False)]


class Between(BaseModel):
    """A stretch of time; without an end to the end of the item."""

    from_s: Seconds = 0.0
    to_s: Seconds = LAST_S


class CellsWanted(Between):
    """A stretch of the timeline."""

    cells: Annotated[int, Field(ge=1, le=MOST_CELLS)] = 240
    language: Annotated[str, Field(max_length=10)] = "en"


class RowsWanted(Between):
    """A stretch of the table of segments."""

    most: Annotated[int, Field(ge=LEAST_ROWS, le=MOST_ROWS)] = 100
    language: Annotated[str, Field(max_length=10)] = "en"


class ChannelWanted(Between):
    """A stretch of one channel."""

    track: Annotated[int, Field(ge=0, le=1_000)] = 0
    channel: Annotated[int, Field(ge=0, le=1_000)] = 0


class WaveWanted(ChannelWanted):
    """A stretch of one channel as a waveform."""

    points: Annotated[int, Field(ge=1, le=MOST_POINTS)] = 480


class LaneName(BaseModel):
    """One channel heard one way."""

    track: int
    channel: int
    variant: Variant
    n_segments: int


class ClipShown(BaseModel):
    """A second of sound beside the report: `report.{kind}` has it."""

    index: int
    kind: str
    start_s: float
    end_s: float
    track: int
    channel: int


class SoundShown(BaseModel):
    """Whether the item can be heard."""

    source: str  # media, clips, none
    why: str  # not_kept, deleted, never_had, no_audio; "" where there is sound
    clips: list[ClipShown]


class FindingShown(BaseModel):
    """An item's finding in words; numbers as in the report."""

    item_id: str
    language: str
    summary: SummaryPart
    verdict: VerdictFindings | None
    level: int | None  # -5 (very strongly synthetic) to 5 (a person); 0 does not help
    failure: FailurePart | None
    generator: str  # most alike known system, in words; "" where nothing is said
    media: MediaFindings | None
    end_s: float
    hop_s: float
    n_segments: int
    lanes: list[LaneName]
    sound: SoundShown
    limits: list[str]
    model: str
    version: int  # of the report; each examiner's opinion makes the next one
    is_reviewed: bool
    findings_sha256: str


class LaneShown(BaseModel):
    """A stretch of a lane as cells; lists of one length."""

    track: int
    channel: int
    variant: Variant
    llr: list[float | None]  # mean of the scored segments; > 0 supports a person speaking
    level: list[int | None]
    lowest: list[int | None]  # level of the segment that speaks most for synthetic
    reason: list[str]  # why nothing was scored
    curve: list[float | None]  # running mean over `window_s`


class SpanShown(BaseModel):
    """A marked stretch."""

    start_s: float
    end_s: float
    track: int
    channel: int
    llr: float
    words: str


class TimelineShown(BaseModel):
    """All lanes between two times."""

    from_s: float
    cell_s: float
    n_cells: int
    window_s: float
    end_s: float
    llr_limit: float
    lanes: list[LaneShown]
    spans: list[SpanShown]


class RowShown(BaseModel):
    """One segment."""

    index: int
    start_s: float
    end_s: float
    track: int
    channel: int
    variant: Variant
    llr: float | None
    level: int | None
    words: str  # the strength, or why nothing was scored
    reason: str
    voiced_share: float | None
    removed_share: float | None
    quality: list[str]
    quality_words: list[str]


class RowPage(BaseModel):
    """Segments in order of time, and where the next page begins."""

    rows: list[RowShown]
    next_s: float | None


def sound_shown(sound: ItemSound) -> SoundShown:
    """Return whether an item can be heard, as the API says it."""
    return SoundShown(
        source=sound.source.value,
        why=sound.why.value if sound.why else "",
        clips=[
            ClipShown(
                index=clip.index,
                kind=clip.kind,
                start_s=clip.start_s,
                end_s=clip.end_s,
                track=clip.track,
                channel=clip.channel,
            )
            for clip in sound.clips
        ],
    )


def finding_shown(
    item: ItemStatus, report: ReadReport, sound: ItemSound, words: Words
) -> FindingShown:
    """Return a finding as the API says it."""
    document = report.document
    verdict = document.findings.verdict
    likeness = verdict.likeness if verdict else None
    general = words_of(document.issue.language).limits  # the others are the detector's card's
    return FindingShown(
        item_id=item.item_id,
        language=words.language,
        summary=report.summary(words),
        verdict=verdict,
        level=level_of(verdict.llr, verdict.llr_limit) if verdict else None,
        failure=document.failure,
        generator=likeness_sentence(likeness, words) if likeness else "",
        media=document.findings.media,
        end_s=report.end_s,
        hop_s=document.findings.options.hop_s,
        n_segments=len(document.findings.segments),
        lanes=[
            LaneName(
                track=lane.track,
                channel=lane.channel,
                variant=lane.variant,
                n_segments=len(lane.rows),
            )
            for lane in report.lanes
        ],
        sound=sound_shown(sound),
        limits=[*words.limits, *(one for one in document.limits if one not in general)],
        model=document.method.detector if document.method else "",
        version=document.issue.version,
        is_reviewed=document.review == "reviewed",
        findings_sha256=document.findings_sha256,
    )


def row_shown(row: SegmentRow, llr_limit: float, words: Words) -> RowShown:
    """Return a segment with its strength, or the reason why there is none, in words."""
    return RowShown(
        index=row.index,
        start_s=row.start_s,
        end_s=row.end_s,
        track=row.track,
        channel=row.channel,
        variant=row.variant,
        llr=row.llr,
        level=level_of(row.llr, llr_limit),
        words=cell_words(row.llr, llr_limit, words) or words.segment_reasons[row.reason],
        reason="" if row.llr is not None else row.reason.value,
        voiced_share=row.voiced_share,
        removed_share=row.removed_share,
        quality=list(row.quality),
        quality_words=[words.quality.get(name, name) for name in row.quality],
    )
