"""Say how the findings were derived: each step's tool, command line and checksums, and the machine.

Written down so that somebody else can repeat every step. Command lines come from where they are
made (`ffmpeg_command`), with the file's path replaced by `MEDIA`: paths say nothing to others, and
may say too much. Nothing here names the machine, its user or its network.
"""

import os
import platform
import shlex
from functools import cache
from importlib.metadata import version
from pathlib import Path

import onnxruntime

from pipeline.ffmpeg_command import decode_command, ffmpeg_version, probe_command
from pipeline.traces import DerivationStep, Machine
from pipeline.vocabulary import (
    AudioTrack,
    MediaFile,
    ModelUse,
    TrackUse,
)

MEDIA = Path("MEDIA")  # stands for the file in command lines
_PROCESSOR_FACTS = Path("/proc/cpuinfo")
_GPU_FACTS = Path("/proc/driver/nvidia/gpus")


def derivation_of(
    media: MediaFile | None,
    sample_rate: int,
    separated: dict[tuple[int, int], str],
    models: tuple[ModelUse, ...],
) -> tuple[DerivationStep, ...]:
    """Return the steps that an item's bytes went through here, as far as they came.

    Args:
        media: the file, as far as it is known; None: its bytes were never had.
        sample_rate: that was decoded to, in Hz; 0: nothing was decoded.
        separated: (track, channel) -> SHA-256 over the voice that the mask left, float32.
        models: that took part.
    """
    if media is None or media.probe is None:
        return ()
    ffmpeg = f"ffmpeg {ffmpeg_version()}"
    steps = [DerivationStep("probe", ffmpeg, _line(probe_command(MEDIA)), "", media.sha256)]
    for track in media.probe.tracks if sample_rate else ():
        if track.decoded_sha256:
            steps += _track_steps(media, track, ffmpeg, sample_rate, separated, models)
    return tuple(steps)


def this_machine(stages: str) -> Machine:
    """Return what this process runs on.

    Args:
        stages: of the analysis that run here.
    """
    return Machine(
        stages=stages,
        system=f"{platform.system()} {platform.release()} {platform.machine()}".strip(),
        processor=_processor(),
        n_cores=len(os.sched_getaffinity(0)),
        gpu=_gpu(),
        runtime=_runtime(),
    )


def _track_steps(
    media: MediaFile,
    track: AudioTrack,
    ffmpeg: str,
    sample_rate: int,
    separated: dict[tuple[int, int], str],
    models: tuple[ModelUse, ...],
) -> list[DerivationStep]:
    command = decode_command(MEDIA, track.index, sample_rate, track.n_channels)
    decoded = f"track {track.index + 1}, {track.n_channels} ch., {sample_rate} Hz, float32"
    steps = [
        DerivationStep(
            "decode", ffmpeg, _line(command), decoded, media.sha256, track.decoded_sha256
        )
    ]
    separator = next((model for model in models if model.role == "separator"), None)
    for channel, use in enumerate(track.channel_use):
        voice = separated.get((track.index, channel))
        if use is TrackUse.ANALYSED and voice and separator is not None:
            tool = f"{separator.name}, onnxruntime {onnxruntime.__version__}"
            where = f"{track.index + 1}.{channel + 1}, {sample_rate} Hz, float32"
            steps.append(DerivationStep("separate", tool, "", where, track.decoded_sha256, voice))
    return steps


def _line(command: list[str]) -> str:
    """Return a command as it could be typed, the program by its name alone."""
    return shlex.join([Path(command[0]).name.partition("-")[0], *command[1:]])


@cache
def _runtime() -> str:
    interpreter = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{interpreter}, scipy {version('scipy')}"


@cache
def _processor() -> str:
    try:
        lines = _PROCESSOR_FACTS.read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


@cache
def _gpu() -> str:
    """Return the names of the graphics processors that the driver shows, without asking a program."""
    names = []
    for facts in sorted(_GPU_FACTS.glob("*/information")):
        lines = facts.read_text().splitlines()
        names += [line.split(":", 1)[1].strip() for line in lines if line.startswith("Model:")]
    return ", ".join(names)
