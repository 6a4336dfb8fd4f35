"""Answers of the HTTP API as a program takes them: problems as our errors, files to the disk."""

from collections.abc import Mapping
from pathlib import Path

import httpx

from pipeline.errors import (
    AccessError,
    InputError,
    LimitExceededError,
    OutageError,
    SourceNotFoundError,
    VerityError,
)

_KINDS: Mapping[int, type[VerityError]] = {
    401: AccessError,
    403: AccessError,
    404: SourceNotFoundError,
    413: LimitExceededError,
    429: AccessError,
    503: OutageError,
}


def error_of(answer: httpx.Response) -> VerityError:
    """Return a problem (RFC 9457) as our error; an answer in pieces is read."""
    answer.read()
    try:
        said = answer.json()
        code, message = str(said["code"]), str(said["detail"])
    except (ValueError, KeyError, TypeError):
        code, message = "answer_odd", f"The server answered with status {answer.status_code}."
    wait = answer.headers.get("retry-after", "")
    fallback = OutageError if answer.status_code >= 500 or code == "answer_odd" else InputError
    kind = _KINDS.get(answer.status_code, fallback)
    return kind(message, code, float(wait) if wait.isdigit() else None)


def save(answer: httpx.Response, path: Path) -> Path:
    """Write an answer to a file as it comes; one that does not come whole leaves the file as it is.

    Raises:
        VerityError: the answer is a problem.
    """
    if answer.is_error:
        raise error_of(answer)
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            for piece in answer.iter_bytes():
                file.write(piece)
        return beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
