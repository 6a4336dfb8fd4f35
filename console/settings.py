"""Everything the command line reads from the environment, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # each takes part of a second to import, and `--help` needs none
    from jobs.settings import JobsSettings
    from storage.settings import StorageSettings


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """The environment itself: each command reads what it needs, so that one bad key spoils only its own."""

    environ: Mapping[str, str]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ConsoleSettings":
        """Keep a copy of the environment."""
        return cls(dict(environ))

    @property
    def storage(self) -> "StorageSettings":
        """Return where things are kept. Raises `ConfigError`."""
        from storage.settings import StorageSettings

        return StorageSettings.from_env(self.environ)

    @property
    def jobs(self) -> "JobsSettings":
        """Return how sources are reached. Raises `ConfigError`."""
        from jobs.settings import JobsSettings

        return JobsSettings.from_env(self.environ)

    @property
    def temp_root(self) -> Path:
        """Return where private folders of items in work lie. Raises `ConfigError`."""
        from workers.settings import FleetSettings

        return FleetSettings.from_env(self.environ).temp_folder

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what an operator should know before anything is fetched. Raises `ConfigError`."""
        allowed = sorted(f"{place.host}:{place.port}" for place in self.jobs.egress.allow)
        if not allowed:
            return ()
        return (
            f"VERITY_FETCH_ALLOW lets media be fetched from {', '.join(allowed)} inside this network. "
            "That is for tests and laptops.",
        )
