"""What a report shows of the sound itself: spectrograms, waveforms, and clips of the strongest seconds.

For the eye and the ear, beside the findings and no part of them: how a picture is drawn may change
with a version without a finding changing. A picture shows the sound; what moved a score is told by
hiding its parts (`pipeline.occlusion`), never by attention, which failed its masking check
(docs/detector-checks.md).
"""

import base64
import hashlib
import io
import wave

from pipeline.traces import HeardSegment, SoundPicture
from pipeline.vocabulary import (
    MediaReport,
)
from reports.findings import Part, rounded
from reports.grey_png import to_png

CLIP_NAME = "clip-{index}.wav"  # after the name of the report's other files


class PicturePart(Part):
    """A plain spectrogram of a stretch of one channel."""

    track: int
    channel: int
    start_s: float
    end_s: float
    max_hz: float  # upper edge; the lower one is 0
    range_db: float  # from the loudest cell, black, down to white
    n_columns: int
    png: str  # base64, grey, low frequencies at the bottom
    peaks: str = ""  # base64, a byte a column: its largest sample, 255 = full scale; "" = not drawn


class ClipPart(Part):
    """A second of sound that was written beside the report, by permission."""

    name: str  # ends the file's name
    sha256: str
    size_bytes: int


class OcclusionPart(Part):
    """What moved a segment's score: each of its parts was hidden in turn, and the LLR asked again."""

    part_s: float  # seconds a part; the first begins with the segment
    # LLR with the part hidden less the LLR of the whole, without the limit, in order of time: a
    # part whose change is negative supported a person; parts act together, so changes do not add up
    llr_changes: tuple[float, ...]


class StrongestPart(Part):
    """A segment that speaks most clearly, and its sound."""

    index: int  # in `findings.segments`
    picture: PicturePart
    clip: ClipPart | None
    occlusion: OcclusionPart | None = None  # None: not asked for


def picture_parts(report: MediaReport) -> tuple[PicturePart, ...]:
    """Return the spectrogram of each channel, in order."""
    pictures = sorted(report.traces.pictures, key=lambda one: (one.track, one.channel))
    return tuple(map(_picture_part, pictures))


def strongest_parts(report: MediaReport) -> tuple[StrongestPart, ...]:
    """Return the segments that speak most clearly, those towards synthetic first."""
    is_permitted = report.options.keep_clips
    return tuple(
        StrongestPart(
            index=heard.row,
            picture=_picture_part(heard.picture),
            clip=_clip_part(heard) if is_permitted else None,
            occlusion=_occlusion_part(heard),
        )
        for heard in report.traces.heard
    )


def to_clips(report: MediaReport) -> dict[str, bytes]:
    """Return the clips by name, as WAV of 16 bits; none without permission."""
    if not report.options.keep_clips:
        return {}
    return {CLIP_NAME.format(index=heard.row): _to_wav(heard) for heard in report.traces.heard}


def _occlusion_part(heard: HeardSegment) -> OcclusionPart | None:
    changes = heard.llr_changes
    if changes is None:
        return None
    duration_s = len(heard.samples) / heard.sample_rate
    return OcclusionPart(
        part_s=rounded(duration_s / len(changes)) or 0.0,
        llr_changes=tuple(rounded(float(change)) or 0.0 for change in changes),
    )


def _clip_part(heard: HeardSegment) -> ClipPart:
    content = _to_wav(heard)
    return ClipPart(
        name=CLIP_NAME.format(index=heard.row),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


def _to_wav(heard: HeardSegment) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(heard.sample_rate)
        wav.writeframes(heard.samples.astype("<i2").tobytes())
    return file.getvalue()


def _picture_part(picture: SoundPicture) -> PicturePart:
    return PicturePart(
        track=picture.track,
        channel=picture.channel,
        start_s=rounded(picture.start_s) or 0.0,
        end_s=rounded(picture.end_s) or 0.0,
        max_hz=picture.max_hz,
        range_db=picture.range_db,
        n_columns=picture.levels.shape[1],
        png=base64.b64encode(to_png(picture.levels)).decode(),
        peaks=base64.b64encode(picture.peaks.tobytes()).decode(),
    )
