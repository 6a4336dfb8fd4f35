"""What is shown of an item while it is analysed: coarse LLRs of the segments scored so far.

Never a result: no verdict, no pooled number, nothing that a report or a search reads. It travels with
the fenced heartbeat, so that each replaces the one before and none outlives its attempt.
"""

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

MOST_CELLS = 120  # of an item: about 4 KB with each heartbeat, and as many as a screen shows


@dataclass(frozen=True, slots=True)
class ProvisionalCell:
    """Some seconds of one channel, as far as they were scored."""

    track: int
    channel: int
    start_s: float
    end_s: float
    llr: float  # mean over its segments; > 0 supports a person speaking


@dataclass(frozen=True, slots=True)
class Provisional:
    """What one attempt has scored so far."""

    total_s: float  # of the whole sound, as far as that is known; 0 = not yet
    llr_limit: float  # what the model may claim at most
    cells: tuple[ProvisionalCell, ...]


_FORM = TypeAdapter(Provisional)


def to_text(provisional: Provisional) -> str:
    """Return it as it travels and is stored."""
    return _FORM.dump_json(provisional).decode()


def from_text(text: str) -> Provisional | None:
    """Return what a worker wrote, or None where another version wrote it otherwise."""
    try:
        return _FORM.validate_json(text)
    except ValidationError:
        return None
