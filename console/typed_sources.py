"""Check the sources that somebody typed, before anything is loaded, fetched or queued."""

from pathlib import Path

from console.terminal import visible
from jobs.sources.names import SourceForm, check_source, local_path
from pipeline.errors import InputError, SourceNotFoundError

_SHOWN_CHARS = 200  # of a source, in a message


def check_typed(source: str) -> str:
    """Return a source as anybody may read it from any folder: a local path as an absolute one.

    Raises:
        InputError: it is no source.
        SourceNotFoundError: it names no file or folder here.
    """
    shown = visible(source[:_SHOWN_CHARS])
    try:
        form = check_source(source, allow_local=True)
    except OSError as error:  # a name that no file system takes
        raise InputError(f"{shown} is no source: {error.strerror}.", "source_malformed") from error
    if form is not SourceForm.LOCAL:
        return source
    path = _existing(source)
    if path is None:
        raise SourceNotFoundError(
            f"There is no file or folder {shown} here, and it is no address such as https://... "
            "or s3://..."
        )
    is_text = not any("\ud800" <= mark <= "\udfff" for mark in str(path))
    return str(path) if is_text else path.as_uri()  # a database takes text only


def _existing(source: str) -> Path | None:
    try:
        path = local_path(source).expanduser().absolute()
        return path if path.exists() else None
    except (OSError, RuntimeError):  # a name that is too long, a ~user that nobody is
        return None
