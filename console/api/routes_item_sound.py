"""What can be heard of an item, and its waveform and spectrogram; sound only where the account keeps it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response

from console.api.access_log import note
from console.api.context import Context
from console.api.item_sound import ItemSound, require_medium, sound_of, wanted_channel
from console.api.item_values import ChannelWanted, SoundShown, WaveWanted, sound_shown
from console.api.owned import require_item
from console.api.principals import Principal, Reader
from console.api.ranges import in_range
from console.api.report_shelf import ReadReport
from console.api.sound_pictures import WavePeaks, image_of_stretch, peaks_of_stretch
from console.listening.copies import ListeningCopy, Wanted
from console.listening.room import RETRY_S, Making
from console.people.deeds import Deed
from jobs.spec import ItemStatus
from pipeline.errors import OutageError, VerityError
from reports.sound_parts import PicturePart

router = APIRouter(prefix="/items", tags=["items"])
BYTES = {"schema": {"type": "string", "format": "binary"}}
PATIENCE_S = 5.0  # a few minutes of sound are there by then
PICTURE_PATIENCE_S = 1.0  # the report's own picture does until then
PIECE_BYTES = 1 << 18
# of what browsers play; anything else is a download: outside bytes are never a page of ours
PLAYED = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mov,mp4,m4a,3gp,3g2,mj2": "video/mp4",
    "matroska,webm": "video/webm",
    "aac": "audio/aac",
}
Asked = Annotated[str, Header(alias="range", max_length=200)]


class ListenShown(SoundShown):
    """Whether an item can be heard, and whether one channel's listening copy is there."""

    is_ready: bool
    done_s: float  # of the sound, while the copy is being made
    duration_s: float | None  # once it is there


@dataclass(frozen=True, slots=True)
class Heard:
    """An item whose sound is asked for: whose it is was checked."""

    asking: Principal
    item: ItemStatus
    report: ReadReport
    sound: ItemSound


def heard_item(item_id: str, asking: Reader, context: Context) -> Heard:
    """Return an item of the asking account with its report and what can be heard of it."""
    item = require_item(context, asking, item_id)
    report = context.items.shelf.read(item)
    sound = sound_of(context, asking.account_id, item, report)
    return Heard(asking, item, report, sound)


HeardItem = Annotated[Heard, Depends(heard_item)]


@router.get("/{item_id}/sound")
def sound(
    heard: HeardItem, context: Context, channel: Annotated[ChannelWanted, Query()]
) -> ListenShown:
    """Tell whether a channel can be heard; the first who asks has its listening copy made."""
    shown = sound_shown(heard.sound).model_dump()
    if heard.sound.medium is None:
        return ListenShown(**shown, is_ready=False, done_s=0.0, duration_s=None)
    found = context.items.listening.ask(_wanted(heard, channel), PATIENCE_S / 5)
    if isinstance(found, Making):
        return ListenShown(**shown, is_ready=False, done_s=found.done_s, duration_s=None)
    seconds = found.duration_s
    return ListenShown(**shown, is_ready=True, done_s=seconds, duration_s=seconds)


@router.get(
    "/{item_id}/sound.wav",
    response_class=Response,
    responses={200: {"content": {"audio/wav": BYTES}}, 206: {"content": {"audio/wav": BYTES}}},
)
def sound_wav(
    heard: HeardItem,
    context: Context,
    channel: Annotated[ChannelWanted, Query()],
    asked: Asked = "",
) -> Response:
    """Return a channel as the detector heard it: WAV, 16 bits; its seconds are those of the report."""
    found = context.items.listening.ask(_wanted(heard, channel), PATIENCE_S)
    if isinstance(found, Making):
        raise OutageError("The sound is being decoded: ask again.", "busy", RETRY_S)
    copy = found

    def read(first: int, n_bytes: int) -> Iterator[bytes]:
        return _pieces(copy, first, n_bytes)

    _note_hearing(heard, context)
    return in_range(asked, copy.size_bytes, read, "audio/wav", {})


@router.get(
    "/{item_id}/media",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys((*PLAYED.values(), "application/octet-stream"), BYTES)},
        206: {"content": {"application/octet-stream": BYTES}},
    },
)
def media(heard: HeardItem, context: Context, asked: Asked = "") -> Response:
    """Return the kept medium itself, as it was fetched."""
    medium = require_medium(heard.item, heard.sound)
    facts = heard.report.document.findings.media
    container = facts.container if facts else None
    ending = (container or "").partition(",")[0] or "bin"
    name = f"verity-{heard.item.job_id}-{heard.item.item_id}-media.{ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}

    def read(first: int, n_bytes: int) -> Iterator[bytes]:
        return context.objects.read_range(medium.key, first, n_bytes)

    _note_hearing(heard, context)
    media_type = PLAYED.get(container or "", "application/octet-stream")
    return in_range(asked, medium.size_bytes, read, media_type, headers)


@router.get("/{item_id}/waveform")
def waveform(
    heard: HeardItem, context: Context, wanted: Annotated[WaveWanted, Query()]
) -> WavePeaks:
    """Return a waveform: the report's own, or a finer one where the medium is kept."""
    span_s = _span(heard, wanted)
    copy = _copy_if_there(heard, context, wanted)
    return peaks_of_stretch(_picture(heard, wanted), copy, span_s, wanted.points)


@router.get(
    "/{item_id}/spectrogram.png",
    response_class=Response,
    responses={200: {"content": {"image/png": BYTES}}},
)
def spectrogram(
    heard: HeardItem, context: Context, wanted: Annotated[ChannelWanted, Query()]
) -> Response:
    """Return a spectrogram: the report's own, or a finer one of a stretch where the medium is kept.

    The answer's `x-from-s` and `x-to-s` say what it shows.
    """
    copy = _copy_if_there(heard, context, wanted)
    image = image_of_stretch(_picture(heard, wanted), copy, _span(heard, wanted))
    headers = {"x-from-s": f"{image.from_s:.3f}", "x-to-s": f"{image.to_s:.3f}"}
    return Response(image.png, media_type="image/png", headers=headers)


def _note_hearing(heard: Heard, context: Context) -> None:
    item_id, asking = heard.item.item_id, heard.asking
    who = f"{asking.account_id}/{asking.person_id}/{asking.key_id}"
    if context.items.hearings.begins(who, item_id):
        note(context, heard.asking, Deed.MEDIA_HEAR, f"item:{item_id}")


def _span(heard: Heard, wanted: ChannelWanted) -> tuple[float, float]:
    end_s = max(heard.report.end_s, 0.01)
    from_s = min(wanted.from_s, end_s - 0.01)
    return from_s, max(from_s + 0.01, min(wanted.to_s, end_s))


def _wanted(heard: Heard, channel: ChannelWanted) -> Wanted:
    medium = require_medium(heard.item, heard.sound)
    return wanted_channel(medium, heard.report, channel.track, channel.channel)


def _copy_if_there(heard: Heard, context: Context, channel: ChannelWanted) -> ListeningCopy | None:
    """Return a channel's copy; None: its medium is not kept, cannot be decoded, or is not ready yet."""
    if heard.sound.medium is None:
        return None
    try:
        found = context.items.listening.ask(_wanted(heard, channel), PICTURE_PATIENCE_S)
    except VerityError:  # the report's own picture does; asked for the sound itself, it is told
        return None
    return None if isinstance(found, Making) else found


def _picture(heard: Heard, channel: ChannelWanted) -> PicturePart | None:
    return next(
        (
            one
            for one in heard.report.document.pictures
            if (one.track, one.channel) == (channel.track, channel.channel)
        ),
        None,
    )


def _pieces(copy: ListeningCopy, first: int, n_bytes: int) -> Iterator[bytes]:
    with copy.sound.open("rb") as file:
        file.seek(first)
        left = n_bytes
        while left > 0 and (piece := file.read(min(left, PIECE_BYTES))):
            left -= len(piece)
            yield piece
