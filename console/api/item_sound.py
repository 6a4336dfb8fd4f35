"""Whether an item can be heard, and by what: kept media first, then clips, else why there is nothing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from console.api.context import ApiContext
from console.api.report_shelf import ReadReport
from console.listening.copies import Wanted
from jobs.spec import ItemStatus
from pipeline.errors import SourceNotFoundError
from reports.sound_parts import CLIP_NAME
from storage import retention_rows
from storage.database import transaction
from storage.objects import object_key
from storage.retention_rows import MediaClaim

DEFAULT_RATE = 16_000  # of a report without a detector


class SoundFrom(StrEnum):
    """Where the sound comes from."""

    MEDIA = "media"  # the account keeps the medium
    CLIPS = "clips"  # the strongest seconds lie beside the report
    NONE = "none"


class NoSound(StrEnum):
    """Why there is none."""

    NOT_KEPT = "not_kept"  # it went with the analysis, as the job or the installation says
    DELETED = "deleted"  # somebody, or the rule, deleted it
    NEVER_HAD = "never_had"  # the medium could not be fetched
    NO_AUDIO = "no_audio"  # the medium has no sound


@dataclass(frozen=True, slots=True)
class Clip:
    """A second that lies beside the report."""

    index: int  # of the segment
    kind: str  # of the file
    start_s: float
    end_s: float
    track: int
    channel: int


@dataclass(frozen=True, slots=True)
class ItemSound:
    """What can be heard of an item."""

    source: SoundFrom
    why: NoSound | None = None
    deleted_at: datetime | None = None
    medium: MediaClaim | None = None
    clips: tuple[Clip, ...] = ()


def sound_of(
    context: ApiContext, account_id: str, item: ItemStatus, report: ReadReport
) -> ItemSound:
    """Return what an account may hear of its item; another account's copy of the bytes is none."""
    media = report.document.findings.media
    if media is None:
        return ItemSound(SoundFrom.NONE, NoSound.NEVER_HAD)
    number = int(item.item_id)
    with transaction(context.engine) as connection:
        key = object_key(account_id, media.sha256)
        medium = retention_rows.read_kept(connection, account_id, key, number)
        deleted_at = retention_rows.read_deleted_at(connection, number, "media")
    clips = _clips(item, report)
    if not media.tracks:
        return ItemSound(SoundFrom.NONE, NoSound.NO_AUDIO, medium=medium)
    if medium is not None:
        return ItemSound(SoundFrom.MEDIA, medium=medium, clips=clips)
    if clips:
        return ItemSound(SoundFrom.CLIPS, clips=clips)
    why = NoSound.DELETED if deleted_at else NoSound.NOT_KEPT
    return ItemSound(SoundFrom.NONE, why, deleted_at)


def require_medium(item: ItemStatus, sound: ItemSound) -> MediaClaim:
    """Return the kept medium of an item.

    Raises:
        SourceNotFoundError: the account keeps none (`media_not_kept`).
    """
    if sound.medium is None:
        raise SourceNotFoundError(
            f"The medium of item {item.item_id} is not kept.", "media_not_kept"
        )
    return sound.medium


def wanted_channel(medium: MediaClaim, report: ReadReport, track: int, channel: int) -> Wanted:
    """Return which listening copy is meant.

    Raises:
        SourceNotFoundError: the report knows no such channel (`media_not_kept`).
    """
    media, method = report.document.findings.media, report.document.method
    known = {one.index: one.n_channels for one in media.tracks} if media else {}
    if not 0 <= channel < known.get(track, 0):
        raise SourceNotFoundError("The medium has no such channel.", "media_not_kept")
    rate = method.sample_rate if method else DEFAULT_RATE
    return Wanted(medium.key, medium.size_bytes, track, channel, rate)


def _clips(item: ItemStatus, report: ReadReport) -> tuple[Clip, ...]:
    kinds = {file.kind for file in item.files}
    rows = report.document.findings.segments
    found = []
    for strongest in report.document.strongest:
        kind = CLIP_NAME.format(index=strongest.index).removesuffix(".wav")
        if strongest.clip is not None and kind in kinds:
            row = rows[strongest.index]
            found.append(
                Clip(strongest.index, kind, row.start_s, row.end_s, row.track, row.channel)
            )
    return tuple(found)
