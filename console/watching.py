"""Look into a folder, and submit a job where something is there that no look before has seen.

Which media are new is decided by the queue (`jobs.new_media`), so that a watch that is started
again, or a second one, submits nothing twice. What this remembers only spares empty jobs.
"""

from pathlib import Path

from jobs.job_desk import JobDesk
from jobs.source_options import SourceOptions
from jobs.sources import list_items
from jobs.sources.access import SourceAccess
from jobs.spec import Job, JobSpec, Priority
from pipeline.errors import SourceNotFoundError


class FolderWatch:
    """Watches one folder for the life of a process."""

    def __init__(self, folder: Path, name: str, options: SourceOptions, desk: JobDesk) -> None:
        """Keep what is looked for, and where it is submitted."""
        self._folder = folder
        self._desk = desk
        self._options = options
        self._name = name
        self._seen: frozenset[str] = frozenset()  # source keys of the look before

    def look(self, access: SourceAccess) -> Job | None:
        """Return the job that was submitted, or None where nothing is new.

        A folder that is away for a while (a share that is mounted again) holds nothing meanwhile.
        """
        try:
            items = list(list_items(str(self._folder), access, self._options))
        except SourceNotFoundError:
            return None
        keys = frozenset(item.source_key for item in items)
        if keys <= self._seen:
            return None
        self._seen = keys
        return self._desk.submit(
            JobSpec(
                sources=(str(self._folder),),
                name=self._name,
                priority=Priority.SWEEP,
                source_options=self._options,
            )
        )
