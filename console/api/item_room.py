"""What the page of one item works with beside the desks: reports that were read, and sound."""

from pathlib import Path

from console.api.hearings import Hearings
from console.api.report_shelf import ReportShelf
from console.listening.room import ListeningRoom
from storage.objects import ObjectStore


class ItemRoom:
    """One for each server process; what it keeps on the disk lies in a folder that goes with it."""

    def __init__(self, folder: Path, objects: ObjectStore, listen_bytes: int) -> None:
        """Start with nothing read and nothing heard.

        Args:
            folder: private, and its owner's to remove.
            objects: where reports and kept media lie.
            listen_bytes: that listening copies may take.
        """
        self.shelf = ReportShelf(objects)
        self.listening = ListeningRoom(folder, objects, listen_bytes)
        self.hearings = Hearings()
