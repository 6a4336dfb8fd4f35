"""CPU time of the whole path for an hour of MP3 and of AAC on one core, beside what it is compared with.

    .venv/bin/python -m bench.pipeline [--minutes 60] [--repeats 3] [--ten-hours]

Speech of a synthesizer, encoded at 44.1 kHz; the same with music under it, where (nearly) every second
is scored a second time. All that the path does counts, ffmpeg's processes too, one thread a library.
In each repeat everything is measured in turn: compare ratios within one run. Exits with 1 where a
medium was not analysed, or ten hours take more than 1 GB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # noqa: TID251 - before numpy is imported, as the fleet's actors do

import imageio_ffmpeg  # noqa: E402
import numpy as np  # noqa: E402

from bench.cpu_clock import (  # noqa: E402
    children_cpu_s,
    machine,
    own_cpu_s,
    peak_mib,
    spread,
    stay_on_one_core,
)
from bench.rivals import Aasist, decode_alone, librosa_features  # noqa: E402
from console.demo.sounds import mixed, music  # noqa: E402
from pipeline.analyse import Watch, conclude, prepare, survey_media  # noqa: E402
from pipeline.overlap_add import ComplexArray  # noqa: E402
from pipeline.overlapped_speech import OverlapDetector  # noqa: E402
from pipeline.probe import open_media  # noqa: E402
from pipeline.score import Detector  # noqa: E402
from pipeline.separate import Separator  # noqa: E402
from pipeline.vocabulary import (  # noqa: E402
    AnalysisOptions,
    FloatArray,
    ModelOutputs,
    Reason,
    SegmentFacts,
    Variant,
)
from storage.model_store import resolve  # noqa: E402
from tests.makers import encode, synthetic_sample  # noqa: E402

MUSIC_UNDER_DB = 6.0  # enough for nearly every second to be heard a second time
LOOP_S = 60  # of sound of its own, repeated
AIM_REAL_TIME, AIM_DECODE, AIM_AASIST, AIM_MIB = 200.0, 4.0, 30.0, 1000.0
ENCODINGS = {"mp3": ("-b:a", "128k"), "m4a": ("-c:a", "aac", "-b:a", "96k")}


class TimedSeparator(Separator):
    """The shipped separator, which adds up the time of its net."""

    def __init__(self, path: Path) -> None:
        """Load the net."""
        super().__init__(path)
        self.net_s = 0.0

    def predict(self, spectrum: ComplexArray) -> tuple[FloatArray, FloatArray]:
        """Return mask and voice activity; see `Separator`."""
        before = own_cpu_s()
        try:
            return super().predict(spectrum)
        finally:
            self.net_s += own_cpu_s() - before


class TimedOverlap(OverlapDetector):
    """The shipped net for overlapped speech, which adds up the time of its front end and graph."""

    net_s = 0.0

    def overlap(self, samples: FloatArray) -> FloatArray:
        """Return how much of each segment holds several voices; see `OverlapDetector`."""
        before = own_cpu_s()
        try:
            return super().overlap(samples)
        finally:
            self.net_s += own_cpu_s() - before


@dataclass(slots=True)
class Walked:
    """What one walk over the path took."""

    stages_s: dict[str, float] = field(default_factory=dict)  # CPU seconds
    duration_s: float = 0.0
    twice_share: float = 0.0  # of the scored seconds

    @property
    def total(self) -> float:
        """Return the CPU seconds for a second of sound."""
        return sum(self.stages_s.values()) / self.duration_s


def walk(
    path: Path, detector: Detector, separator: TimedSeparator, overlap: TimedOverlap
) -> Walked:
    """Walk the one path as `pipeline.analyse` does, and tell where CPU time went."""
    walked, last, children = Walked(), own_cpu_s(), children_cpu_s()
    separator.net_s = overlap.net_s = 0.0

    def mark(stage: str) -> None:
        nonlocal last
        now = own_cpu_s()
        walked.stages_s[stage] = walked.stages_s.get(stage, 0.0) + now - last
        last = now

    options, watch, card = AnalysisOptions(), Watch(), detector.card
    media = open_media("bench", path)
    mark("hash and probe")
    media = survey_media(media, card, options, watch=watch)
    mark("survey")
    facts: list[SegmentFacts] = []
    outputs: list[ModelOutputs] = []
    for batch in prepare(media, card, (separator, overlap), options, watch=watch):
        mark("prepare: rest")
        facts.append(batch.facts)
        outputs.append(detector.score(batch.features))
        mark("score")
    mark("prepare: rest")
    scores, _ = conclude(facts, outputs, card, detector.model_id)
    mark("conclude")
    assert scores is not None, "there is speech in it"
    assert media.probe is not None, "it was probed above"
    walked.stages_s["prepare: mask net"] = separator.net_s
    walked.stages_s["prepare: voices at once"] = overlap.net_s
    walked.stages_s["prepare: rest"] -= separator.net_s + overlap.net_s
    walked.stages_s["ffmpeg (processes of its own)"] = children_cpu_s() - children
    walked.duration_s = media.probe.tracks[0].decoded_duration_s or 0.0
    is_scored = scores.facts.reason == Reason.NONE
    is_again = is_scored & (scores.facts.variant == Variant.SEPARATED)
    walked.twice_share = float(is_again.sum() / max(1, (is_scored & ~is_again).sum()))
    return walked


def make_media(folder: Path, minutes: float) -> dict[str, Path]:
    """Return the media by name."""
    speech = np.resize(synthetic_sample(), LOOP_S * 16_000).astype(np.float32)
    sounds = {
        "speech": speech,
        "speech with music": mixed(speech, music(1, float(LOOP_S)), MUSIC_UNDER_DB),
    }
    made: dict[str, Path] = {}
    for name, sound in sounds.items():
        loop = encode(folder / f"{len(made)}.wav", sound)
        for ending, encoding in ENCODINGS.items():
            made[f"{name}, {ending}"] = _repeat(loop, ending, encoding, minutes)
    return made


def _repeat(loop: Path, ending: str, encoding: tuple[str, ...], minutes: float) -> Path:
    """Encode a sound that is repeated up to a length; hours of it take minutes."""
    path = loop.with_suffix(f".{ending}")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y"]
    command += ["-stream_loop", "-1", "-i", str(loop), "-t", str(round(minutes * 60))]
    subprocess.run([*command, "-ar", "44100", *encoding, str(path)], check=True)  # noqa: S603
    return path


def main() -> int:
    """Print the tables; return 1 where something is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--ten-hours", action="store_true", help="memory for ten hours: minutes more"
    )
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    stay_on_one_core()
    detector = Detector(*resolve("", "detector"))
    separator = TimedSeparator(resolve("", "separator")[0])
    overlap = TimedOverlap(*resolve("", "overlap"))
    if arguments.memory_of:
        walk(arguments.memory_of, detector, separator, overlap)
        print(f"{peak_mib():.0f}")
        return 0
    print(f"{machine()}; {detector.card.name} and {separator.card.name}")
    with tempfile.TemporaryDirectory() as name:
        media = make_media(Path(name), arguments.minutes)
        _compare(media, arguments.repeats, (detector, separator, overlap))
        is_small = not arguments.ten_hours or _ten_hours(Path(name))
    return 0 if is_small else 1


def _compare(
    media: dict[str, Path], repeats: int, models: tuple[Detector, TimedSeparator, TimedOverlap]
) -> None:
    walks: dict[str, list[Walked]] = {name: [] for name in media}
    decoded: dict[str, list[float]] = {name: [] for name in media}
    aasist_s: list[float] = []
    librosa_s: list[float] = []
    peak = 0.0
    samples = np.resize(synthetic_sample(), LOOP_S * 16_000)
    aasist: Aasist | None = None
    for _ in range(repeats):
        for name, path in media.items():
            walks[name].append(walk(path, *models))
            decoded[name].append(decode_alone(path, walks[name][-1].duration_s))
        peak = peak or peak_mib()  # before PyTorch and librosa are loaded
        if aasist is None:
            aasist = Aasist()
            librosa_features(samples[:16_000])  # its first call compiles and loads
        aasist_s.append(aasist.cpu_s(samples))
        librosa_s.append(librosa_features(samples))
    for name, done in walks.items():
        _print_stages(name, done)
        times = [1 / walked.total for walked in done]
        decode_ratio = [w.total / d for w, d in zip(done, decoded[name], strict=True)]
        aasist_ratio = [a / w.total for w, a in zip(done, aasist_s, strict=True)]
        print(f"  times real time a core      {spread(times, 0)}   aim {AIM_REAL_TIME:.0f}")
        print(
            f"  over ffmpeg's decoding      {spread(decode_ratio, 1)}   aim {AIM_DECODE:.0f} or less"
        )
        print(f"  AASIST's CPU time over ours {spread(aasist_ratio, 1)}   aim {AIM_AASIST:.0f}")
    print("\nalone, times real time a core")
    for name, values in decoded.items():
        print(f"  ffmpeg, {name:24} {spread([1 / value for value in values], 0)}")
    print(f"  AASIST in PyTorch                {spread([1 / value for value in aasist_s], 1)}")
    print(f"  librosa's log-mel                {spread([1 / value for value in librosa_s], 0)}")
    print(f"\npeak memory of the process, models included: {peak:.0f} MiB")


def _print_stages(name: str, done: list[Walked]) -> None:
    minutes, twice = done[0].duration_s / 60, done[0].twice_share
    print(f"\n{name}: {minutes:.0f} minutes, {twice:.0%} of the scored seconds scored twice")
    print("  ms of CPU a second of sound: median (least to most) of the repeats")
    for stage in done[0].stages_s:
        values = [1000 * walked.stages_s[stage] / walked.duration_s for walked in done]
        print(f"  {stage:30} {spread(values)}")
    print(f"  {'whole':30} {spread([1000 * walked.total for walked in done])}")


def _ten_hours(folder: Path) -> bool:
    """Tell whether ten hours of AAC stay within the promise, in a process of its own."""
    loop = encode(folder / "ten-hours.wav", np.resize(synthetic_sample(), LOOP_S * 16_000))
    path = _repeat(loop, "m4a", ENCODINGS["m4a"], 600.0)
    command = [sys.executable, "-m", "bench.pipeline", "--memory-of", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 (ourselves)
    mib = float(done.stdout)
    print(f"ten hours: peak memory {mib:.0f} MiB, aim {AIM_MIB:.0f}")
    return mib <= AIM_MIB


if __name__ == "__main__":
    sys.exit(main())
