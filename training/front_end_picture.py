"""Front-end picture: what every front end makes of one genuine and one synthetic second of speech."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from pipeline.errors import InputError, MediaCorruptError, SourceNotFoundError
from pipeline.frontends import compute
from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000
SEGMENT_SAMPLES = 16_000
SEARCH_STEP = 1_600  # samples between the seconds that are looked at, 0.1 s
SHOWN_QUANTILES = (0.02, 0.98)  # of a panel's pair: both columns have one range of colours
PANEL_HEIGHT_INCHES = 1.25
WIDTH_INCHES = 10.0


@dataclass(frozen=True, slots=True)
class Panel:
    """One row of the picture: some values of one front end."""

    front_end: str
    first: int  # of the values shown
    last: int | None  # behind the last one; None = all
    title: str
    vertical: str  # what stands on the vertical axis, from below


PANELS = (
    Panel("waveform", 0, None, "raw waveform", "sample"),
    Panel("log_spectrum", 0, None, "linear log-spectrogram", "0 to 7 kHz"),
    Panel("log_mel", 0, None, "log-mel", "80 mel bands"),
    Panel("fbank", 0, None, "Kaldi filter bank", "80 mel bands"),
    Panel("cqt", 0, None, "CQT", "C2 to 6.3 kHz"),
    Panel("mfcc", 1, None, "MFCC, without the level", "coefficient"),
    Panel("lfcc", 1, 20, "LFCC, without the level", "coefficient"),
    Panel("lfcc", 20, 40, "LFCC, first slope", "coefficient"),
    Panel("lfcc", 40, 60, "LFCC, second slope", "coefficient"),
    Panel("chroma", 0, None, "chroma", "C to B"),
    Panel("contrast", 0, None, "spectral contrast", "octave"),
    Panel("tonnetz", 0, None, "tonnetz", "fifths, thirds"),
    Panel("phase", 0, 28, "phase: frequency deviation", "0 to 7 kHz"),
    Panel("phase", 28, 56, "phase: delay coherence", "0 to 7 kHz"),
)


def read_loudest_second(path: Path) -> FloatArray:
    """Return the loudest second of a sound file, mono, 16 kHz, float32 (16000,).

    Raises:
        SourceNotFoundError: there is no such file.
        MediaCorruptError: it cannot be read.
        InputError: it is shorter than a second.
    """
    if not path.is_file():
        raise SourceNotFoundError(f"there is no file {path.name}: name a sound file")
    try:
        channels, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise MediaCorruptError(f"{path.name} cannot be read as sound: {error}") from error
    divisor = int(np.gcd(sample_rate, SAMPLE_RATE))
    samples = resample_poly(channels.mean(axis=1), SAMPLE_RATE // divisor, sample_rate // divisor)
    if len(samples) < SEGMENT_SAMPLES:
        raise InputError(f"{path.name} is shorter than a second: name a longer one")
    starts = range(0, len(samples) - SEGMENT_SAMPLES + 1, SEARCH_STEP)
    power = [float(np.mean(samples[at : at + SEGMENT_SAMPLES] ** 2)) for at in starts]
    at = starts[int(np.argmax(power))]
    return np.asarray(samples[at : at + SEGMENT_SAMPLES], dtype=np.float32)


def panel_values(panel: Panel, segments: FloatArray) -> FloatArray:
    """Return what a panel shows of two segments, (2, n_shown, n_frames)."""
    frames = compute(panel.front_end, {}, segments)[:, :, panel.first : panel.last]
    return np.ascontiguousarray(frames.swapaxes(1, 2))


def draw_front_ends(genuine: FloatArray, synthetic: FloatArray, out: Path) -> None:
    """Draw every panel for both segments, side by side in one range of colours, as a PNG file."""
    from matplotlib.figure import Figure

    segments = np.stack([genuine, synthetic])
    figure = Figure(figsize=(WIDTH_INCHES, PANEL_HEIGHT_INCHES * len(PANELS)), layout="constrained")
    axes = figure.subplots(len(PANELS), 2, squeeze=False)
    for row, panel in enumerate(PANELS):
        values = panel_values(panel, segments)
        low, high = np.quantile(values, SHOWN_QUANTILES)
        for column, name in enumerate(("genuine", "synthetic")):
            place = axes[row, column]
            if panel.front_end == "waveform":
                time_s = np.arange(values.shape[2]) / SAMPLE_RATE
                place.plot(time_s, values[column, 0], linewidth=0.4, color="#3b0f70")
                place.set_xlim(0.0, 1.0)
                place.set_ylim(values.min(), values.max())
            else:
                place.imshow(
                    values[column],
                    origin="lower",
                    aspect="auto",
                    extent=(0.0, 1.0, 0.0, 1.0),
                    vmin=low,
                    vmax=high,
                    cmap="magma",
                    interpolation="nearest",
                )
            place.set_yticks([])
            place.tick_params(labelbottom=row == len(PANELS) - 1, labelsize=8)
            place.set_title(f"{panel.title}, {name}", fontsize=9, loc="left")
            if column == 0:
                place.set_ylabel(panel.vertical, fontsize=8)
    for place in axes[-1]:
        place.set_xlabel("seconds", fontsize=8)
    figure.savefig(out, dpi=100, metadata={"Software": None})
