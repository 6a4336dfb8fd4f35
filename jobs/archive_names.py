"""Which names are archives', and of which kinds that are opened where a job asks for it."""

from pathlib import PurePosixPath

ARCHIVES = (
    *(".7z", ".bz2", ".cab", ".gz", ".iso", ".jar", ".lz4", ".rar"),
    *(".tar", ".tbz2", ".tgz", ".txz", ".xz", ".zip", ".zst"),
)
OPENABLE = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")


def is_archive(name: str) -> bool:
    """Tell whether a name is an archive's: these are not opened."""
    return PurePosixPath(name.lower()).suffix in ARCHIVES


def is_openable(name: str) -> bool:
    """Tell whether an archive's name is of a kind that is opened where a job asks for it."""
    return name.lower().endswith(OPENABLE)
