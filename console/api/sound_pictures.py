"""Waveform and spectrogram of a stretch: from the listening copy, or as far as the report has them."""

import base64
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel

from console.listening.copies import ListeningCopy
from console.listening.waves import MOST_PICTURE_S, stretch_peaks, stretch_picture
from pipeline.errors import SourceNotFoundError
from reports.grey_png import to_png
from reports.sound_parts import PicturePart

_FULL = 127.0 / 255.0  # a report's byte a column -> the scale of a copy's


class WavePeaks(BaseModel):
    """Pairs of smallest and largest samples, 127 = full scale; lists of one length."""

    from_s: float
    to_s: float
    is_fine: bool  # drawn for this stretch; otherwise cut out of the report's picture of the whole
    low: list[int]
    high: list[int]


@dataclass(frozen=True, slots=True)
class SoundImage:
    """A spectrogram and the stretch that it shows."""

    from_s: float
    to_s: float
    png: bytes


def peaks_of_stretch(
    picture: PicturePart | None,
    copy: ListeningCopy | None,
    span_s: tuple[float, float],
    n_points: int,
) -> WavePeaks:
    """Return a waveform between two times.

    Args:
        picture: of the whole channel, from the report.
        copy: of the channel, where its medium is kept.
        span_s: from and to.
        n_points: columns of the screen.

    Raises:
        SourceNotFoundError: none was ever drawn (`report_not_found`).
    """
    if copy is not None:
        peaks = stretch_peaks(copy, *span_s, n_points)
        end_s = min(span_s[1], copy.duration_s)
        low, high = peaks[:, 0].tolist(), peaks[:, 1].tolist()
        return WavePeaks(from_s=span_s[0], to_s=end_s, is_fine=True, low=low, high=high)
    if picture is None or not picture.peaks:
        raise SourceNotFoundError("There is no waveform of this channel.", "report_not_found")
    drawn = np.frombuffer(base64.b64decode(picture.peaks), np.uint8)
    each_s = (picture.end_s - picture.start_s) / len(drawn)
    first = max(0, int((span_s[0] - picture.start_s) / each_s))
    last = min(len(drawn), max(first + 1, int(np.ceil((span_s[1] - picture.start_s) / each_s))))
    shown = np.round(drawn[first:last] * _FULL).astype(int)
    return WavePeaks(
        from_s=picture.start_s + first * each_s,
        to_s=picture.start_s + last * each_s,
        is_fine=False,
        low=(-shown).tolist(),
        high=shown.tolist(),
    )


def image_of_stretch(
    picture: PicturePart | None, copy: ListeningCopy | None, span_s: tuple[float, float]
) -> SoundImage:
    """Return a spectrogram that shows at least the stretch.

    Raises:
        SourceNotFoundError: none was ever drawn (`report_not_found`).
    """
    if copy is not None and span_s[1] - span_s[0] <= MOST_PICTURE_S:
        drawn = stretch_picture(copy, *span_s)
        return SoundImage(drawn.start_s, drawn.end_s, to_png(drawn.levels))
    if picture is None:
        raise SourceNotFoundError("There is no spectrogram of this channel.", "report_not_found")
    return SoundImage(picture.start_s, picture.end_s, base64.b64decode(picture.png))
