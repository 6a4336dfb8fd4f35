"""What every command prints with: consoles, JSON, verdicts, tables."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.vocabulary import VerdictKind

PIPED_WIDTH = 160  # columns where nobody looks: tables are not cut at 80
console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
errors = Console(stderr=True, highlight=False)

VERDICT_STYLES: Mapping[str, str] = {
    VerdictKind.NO_EVIDENCE: "blue",
    VerdictKind.SYNTHETIC: "bold dark_orange3",
    VerdictKind.PARTLY_SYNTHETIC: "bold dark_orange3",
    VerdictKind.INCONCLUSIVE: "yellow",
    VerdictKind.NOT_APPLICABLE: "dim",
    "failed": "bold red",
}


def print_json(value: object) -> None:
    """Print one JSON document on one line, for programs."""
    print(json.dumps(value, ensure_ascii=False, default=_as_text))  # noqa: T201 - a program reads this


def _as_text(value: object) -> str:
    """Return what JSON has no form for: times as ISO 8601, anything else as it prints."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def visible(text: str) -> str:
    """Return outside text on one line, its control characters escaped: a title cannot move the cursor."""
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)


def verdict_text(kind: str, reason: str = "") -> Text:
    """Return a verdict as people read it in a table."""
    words = kind.replace("_", " ") + (f" ({reason.replace('_', ' ')})" if reason else "")
    return Text(words, style=VERDICT_STYLES.get(kind, ""))


def number(value: float | None, decimals: int = 1) -> str:
    """Return a number for a table, a dash where there is none."""
    return "–" if value is None else f"{value:.{decimals}f}"


def table(*columns: str) -> Table:
    """Return an empty table in our style; a column that starts with `>` is aligned right."""
    made = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        made.add_column(column.removeprefix(">"), justify="right" if column[0] == ">" else "left")
    return made
