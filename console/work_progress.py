"""What `verity work` shows: a line for each item that ends, and what is held right now."""

import threading

from rich.live import Live
from rich.text import Text

from console.terminal import errors, visible
from workers.fleet_events import FleetEvent, FleetEventKind, FleetSummary

MAX_SHOWN = 6  # held items named in the live line
MAX_TITLE = 40

_STYLES = {
    FleetEventKind.DONE: "green",
    FleetEventKind.FAILED: "bold red",
    FleetEventKind.RETRYING: "yellow",
    FleetEventKind.CANCELLED: "dim",
    FleetEventKind.GIVEN_BACK: "dim",
    FleetEventKind.LOST: "yellow",
    FleetEventKind.OUTAGE: "bold yellow",
    FleetEventKind.BACK: "green",
    FleetEventKind.READY: "dim",
    FleetEventKind.LEAVING: "dim",
}


class WorkProgress:
    """Shows a worker's life on standard error; lives as long as the command."""

    def __init__(self, *, quiet: bool) -> None:
        """Start with nothing held; `quiet` shows nothing."""
        self._quiet = quiet
        self._held: dict[str, str] = {}  # item id -> what is shown of it
        self._lock = threading.Lock()
        self._live = Live(console=errors, refresh_per_second=4, transient=True)

    def __enter__(self) -> "WorkProgress":
        """Show that the fleet starts."""
        if not self._quiet:
            self._live.start()
            self._live.update(Text("starting Ray and the models ...", style="dim"))
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        if not self._quiet:
            self._live.stop()

    def on_event(self, event: FleetEvent) -> None:
        """Show one thing that happened; called from several threads."""
        if self._quiet:
            return
        with self._lock:
            if event.claim is not None:
                title = visible(event.claim.title)[:MAX_TITLE]
                if event.kind is FleetEventKind.STARTED:
                    self._held[event.claim.item_id] = title
                else:
                    self._held.pop(event.claim.item_id, None)
            if event.kind is not FleetEventKind.STARTED:
                errors.print(_line(event))
            self._live.update(self._held_line())

    def closing_words(self, summary: FleetSummary) -> str:
        """Return what this worker did, in one line."""
        parts = [f"{summary.n_done} done", f"{summary.n_failed} failed"]
        optional = (
            (summary.n_retried, "to be retried"),
            (summary.n_cancelled, "cancelled"),
            (summary.n_given_back, "given back"),
        )
        parts += [f"{count} {words}" for count, words in optional if count]
        return ", ".join(parts)

    def _held_line(self) -> Text:
        names = list(self._held.values())
        more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
        words = "  ·  ".join(names[:MAX_SHOWN]) + more
        return Text(f"in work: {words}" if names else "waiting for work", style="dim")


def _line(event: FleetEvent) -> Text:
    line = Text(f"{event.kind.value.replace('_', ' '):>10}  ", style=_STYLES.get(event.kind, ""))
    if event.claim is not None:
        line.append(
            f"{event.claim.item_id:>4}  {visible(event.claim.title)[:MAX_TITLE]}", style="default"
        )
    if event.text:
        line.append(f"  {visible(event.text)}", style="dim")
    return line
