"""A hostile case: one file that is written when its test runs, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import hostile_files as made
from tests.makers import encode

SPEECH_S = 4.0
NOT_MEDIA = frozenset({"media_is_playlist", "media_is_text", "media_is_archive", "media_corrupt"})
NO_SOUND = frozenset({"media_corrupt", "sample_rate_out_of_bounds", "channels_out_of_bounds"})
NO_SPEECH = frozenset({"silence", "tone", "noise", "music", "no_speech", "too_short"})

Write = Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class Case:
    """A file to make, and what must come of it."""

    row: str  # of the table, in a word
    name: str
    write: Write
    outcomes: frozenset[str] = frozenset()  # error codes or reasons; empty: the speech is heard
    notes: frozenset[str] = frozenset()  # that must be there
    heard_s: float | None = None  # decoded seconds of the longest track

    @property
    def id(self) -> str:
        """Return the case's name in the tests."""
        return f"{self.row}-{self.name}"


def write_content(name: str, content: bytes) -> Write:
    """Return what writes these bytes under a name."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return write


def write_encoded(name: str, *options: str) -> Write:
    """Return what writes speech as ffmpeg codes it by name and options."""
    return lambda folder: encode(folder / name, made.speech(SPEECH_S), *options)
