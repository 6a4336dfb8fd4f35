"""Stop what this checkout started and remove what it left: `make clean` calls it before it removes .venv."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

from storage.egress import FOLDER_PREFIX, SOCKET_NAME
from storage.embedded import remove_embedded
from workers.running_workers import stop_workers
from workers.settings import FleetSettings
from workers.temp_folders import sweep


def main() -> None:
    """End workers, remove the embedded database, sweep temporary folders of the dead."""
    settings = FleetSettings.from_env(os.environ)  # noqa: TID251 - an entry point
    stop_workers(settings.storage)  # first: they hold the database
    remove_embedded(settings.storage)
    if settings.temp_folder.exists():
        sweep(settings.temp_folder)
        if not any(settings.temp_folder.iterdir()):
            settings.temp_folder.rmdir()
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        if folder.stat().st_uid == os.geteuid() and not _is_served(folder / SOCKET_NAME):
            shutil.rmtree(folder, ignore_errors=True)


def _is_served(path: Path) -> bool:
    """Tell whether a guard still listens on its socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


if __name__ == "__main__":
    main()
