"""Lossy codecs: what recordings go through on the web and on the telephone.

Codecs are run by the ffmpeg of the `imageio-ffmpeg` wheel, many utterances joined into one file.
GSM 06.10, which that build has no encoder for, is run by sox, or by libsndfile where sox is missing.
"""

import functools
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import scipy.signal
import soundfile

from pipeline.vocabulary import FloatArray

_log = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
GAP_SAMPLES = 3200  # 0.2 s between joined utterances: no codec's memory reaches across it
GSM = "gsm"  # as encoder: not one of ffmpeg's
GSM_RATE = 8_000  # Hz
ENCODER_OPTION = "-c:a"


@dataclass(frozen=True, slots=True)
class Codec:
    """One way through ffmpeg."""

    name: str
    suffix: str  # of the file between encoder and decoder
    options: tuple[str, ...]  # ffmpeg's output options

    @property
    def encoder(self) -> str:
        """Return the encoder's name, as ffmpeg lists it."""
        return self.options[self.options.index(ENCODER_OPTION) + 1]


def _mp3(rate_hz: int, kbps: int) -> Codec:
    return Codec(
        f"mp3-{rate_hz // 1000}k-{kbps}",
        ".mp3",
        ("-ar", str(rate_hz), "-c:a", "libmp3lame", "-b:a", f"{kbps}k"),
    )


def _aac(rate_hz: int, kbps: int) -> Codec:
    options = ("-ar", str(rate_hz), "-c:a", "aac", "-b:a", f"{kbps}k")
    return Codec(f"aac-{rate_hz // 1000}k-{kbps}", ".m4a", options)


def _opus(kbps: int) -> Codec:
    return Codec(f"opus-{kbps}", ".ogg", ("-ar", "48000", "-c:a", "libopus", "-b:a", f"{kbps}k"))


def _vorbis(rate_hz: int, quality: int) -> Codec:
    return Codec(
        f"vorbis-{rate_hz // 1000}k-q{quality}",
        ".ogg",
        ("-ar", str(rate_hz), "-c:a", "libvorbis", "-q:a", str(quality)),
    )


# What recordings on the web went through: history that is hardly heard.
WEB_CODECS: tuple[Codec, ...] = (
    _mp3(16_000, 48), _mp3(16_000, 64), _mp3(22_050, 64), _mp3(44_100, 64), _mp3(44_100, 96),
    _mp3(44_100, 128), _mp3(24_000, 96), _aac(16_000, 48), _aac(44_100, 64), _aac(44_100, 96),
    _aac(48_000, 128), _opus(32), _opus(48), _opus(64), _vorbis(16_000, 3), _vorbis(44_100, 3),
    _vorbis(22_050, 5), Codec("mp2-64", ".mp2", ("-ar", "16000", "-c:a", "mp2", "-b:a", "64k")),
)  # fmt: skip
# What is plainly heard: low rates and telephones.
HARD_CODECS: tuple[Codec, ...] = (
    _mp3(16_000, 24), _mp3(16_000, 32), _aac(16_000, 24), _aac(16_000, 32), _opus(12), _opus(16),
    _opus(24), _vorbis(16_000, 0),
    Codec("g722", ".wav", ("-ar", "16000", "-c:a", "g722")),
    Codec("g711-mu", ".wav", ("-ar", "8000", "-c:a", "pcm_mulaw")),
    Codec("g711-a", ".wav", ("-ar", "8000", "-c:a", "pcm_alaw")),
    Codec("g726-32", ".wav", ("-ar", "8000", "-c:a", "g726", "-b:a", "32k")),
    Codec("amr-nb", ".amr", ("-ar", "8000", "-c:a", "libopencore_amrnb", "-b:a", "12.2k")),
    Codec("wma-32", ".wma", ("-ar", "16000", "-c:a", "wmav2", "-b:a", "32k")),
)  # fmt: skip
# What a telephone call may have gone through, fixed and mobile, narrow and wide band. Not part of
# the lists above, which the shipped detector's copies were drawn from by position.
TELEPHONE_CODECS: tuple[Codec, ...] = (
    Codec("gsm", ".wav", (ENCODER_OPTION, GSM)),
    *(
        Codec(f"amr-nb-{rate}", ".amr", ("-ar", "8000", "-c:a", "libopencore_amrnb", "-b:a", rate))
        for rate in ("4.75k", "7.95k", "12.2k")
    ),
    Codec("amr-wb", ".amr", ("-ar", "16000", "-c:a", "libvo_amrwbenc", "-b:a", "12.65k")),
    Codec("g711-mu", ".wav", ("-ar", "8000", "-c:a", "pcm_mulaw")),
    Codec("g711-a", ".wav", ("-ar", "8000", "-c:a", "pcm_alaw")),
    Codec("g722", ".wav", ("-ar", "16000", "-c:a", "g722")),
    Codec("g723.1", ".wav", ("-ar", "8000", "-c:a", "g723_1", "-b:a", "6.3k")),
    Codec("g726-32", ".wav", ("-ar", "8000", "-c:a", "g726", "-b:a", "32k")),
    Codec("opus-voip-12", ".ogg", ("-ar", "16000", "-c:a", "libopus", "-b:a", "12k", "-application", "voip")),
)  # fmt: skip


def runnable(codecs: Sequence[Codec]) -> tuple[Codec, ...]:
    """Return the codecs that run here, in their order; the others are skipped by name, with a warning."""
    found = []
    for codec in codecs:
        if codec.encoder == GSM:
            runs = shutil.which("sox") is not None or _sndfile_has_gsm()
        else:
            runs = codec.encoder in _ffmpeg_encoders()
        if runs:
            found.append(codec)
        else:
            _log.warning("codec %s is skipped: nothing here encodes %s", codec.name, codec.encoder)
    return tuple(found)


def code_together(utterances: Sequence[FloatArray], codec: Codec) -> list[FloatArray]:
    """Return the utterances after encoding and decoding, each as long as before.

    Raises:
        subprocess.CalledProcessError: ffmpeg or sox refused.
    """
    gap = np.zeros(GAP_SAMPLES, dtype=np.float32)
    joined = np.concatenate([part for samples in utterances for part in (gap, samples)] + [gap])
    peak = max(float(np.abs(joined).max()), 1e-6)
    pcm = np.round(joined / peak * 0.7 * 32767).astype("<i2")
    through = _through_gsm(pcm) if codec.encoder == GSM else _through_ffmpeg(pcm, codec)
    coded = through.astype(np.float32) / 32768.0 * (peak / 0.7)
    shift = _delay_samples(joined, coded)
    coded = np.pad(coded, (max(0, -shift), 0))[max(0, shift) :]
    coded = np.pad(coded, (0, max(0, len(joined) - len(coded))))
    out, at = [], 0
    for samples in utterances:
        at += GAP_SAMPLES
        out.append(coded[at : at + len(samples)])
        at += len(samples)
    return out


def _through_ffmpeg(pcm: np.ndarray, codec: Codec) -> np.ndarray:
    """Return 16-bit samples after encoder and decoder."""
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    raw = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")
    quiet = ("-hide_banner", "-loglevel", "error", "-threads", "1")
    with tempfile.TemporaryDirectory() as folder:
        coded = Path(folder) / f"coded{codec.suffix}"
        encode = [ffmpeg, *quiet, *raw, "-i", "-", *codec.options, "-y", str(coded)]
        # Own samples and own argument lists: nothing from outside reaches these two calls.
        subprocess.run(encode, input=pcm.tobytes(), check=True, capture_output=True)  # noqa: S603
        decode = [ffmpeg, *quiet, "-i", str(coded), *raw, "-"]
        done = subprocess.run(decode, check=True, capture_output=True)  # noqa: S603
    return np.frombuffer(done.stdout, dtype="<i2")


def _through_gsm(pcm: np.ndarray) -> np.ndarray:
    """Return 16-bit samples after GSM 06.10 full rate at 8 kHz, as long or a frame longer."""
    low = scipy.signal.resample_poly(pcm.astype(np.float64) / 32768.0, 1, 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coded.wav"
        sox = shutil.which("sox")
        if sox is None:
            soundfile.write(path, low, GSM_RATE, format="WAV", subtype="GSM610")
        else:
            plain = path.with_name("plain.wav")
            soundfile.write(plain, low, GSM_RATE, subtype="PCM_16")
            command = [sox, str(plain), "-e", "gsm-full-rate", str(path)]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603  own file
        coded, _ = soundfile.read(path)
    high = scipy.signal.resample_poly(coded, 2, 1)
    return np.round(np.clip(high, -1.0, 1.0) * 32767).astype("<i2")


@functools.cache
def _ffmpeg_encoders() -> frozenset[str]:
    """Return the names of what ffmpeg encodes here."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-encoders"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    words = (line.split() for line in done.stdout.splitlines())
    return frozenset(row[1] for row in words if len(row) > 1)


def _sndfile_has_gsm() -> bool:
    """Say whether libsndfile was built with GSM 06.10."""
    return "GSM610" in soundfile.available_subtypes("WAV")


def _delay_samples(before: FloatArray, after: FloatArray) -> int:
    """Return how many samples the codec came late, by the peak of the cross-correlation."""
    n_samples = min(len(before), len(after), 20 * SAMPLE_RATE)
    correlation = scipy.signal.correlate(after[:n_samples], before[:n_samples], method="fft")
    window = 4000  # no codec here is later than a quarter of a second
    centre = n_samples - 1
    near = correlation[centre - window : centre + window + 1]
    return int(np.argmax(np.abs(near))) - window
