"""Sends a file by the tus protocol, going on where a broken line stopped: for the Python client."""

import base64
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from console.api.tus import BODY_TYPE, VERSION
from pipeline.errors import OutageError

CHUNK_BYTES = 8 << 20  # of one request: what a broken line costs at most
TRIES = 6  # without a byte getting through
FIRST_PAUSE_S = 0.5  # doubled with each of them
_TUS = {"tus-resumable": VERSION}

Ask = Callable[..., httpx.Response]  # raises OutageError where nobody answers, and our errors


def send_file(ask: Ask, path: Path, name: str = "", place: str = "") -> str:
    """Send a file and return its upload's id.

    Args:
        ask: method, path below /v1, and what httpx takes.
        path: the file.
        name: as it is to be called; "" = its own name.
        place: id of an upload of this file that was begun before; "" = a new one.

    Raises:
        OutageError: the server is away for longer than it is waited for; its message names the id.
        VerityError: the server refuses the file.
    """
    size_bytes = path.stat().st_size
    upload_id = place or _begin(ask, size_bytes, name or path.name)
    n_failed = 0
    with path.open("rb") as file:
        offset: int | None = None if place else 0
        while offset is None or offset < size_bytes:
            try:
                offset = (
                    _offset(ask, upload_id)
                    if offset is None
                    else _send_chunk(ask, upload_id, file, offset)
                )
                n_failed = 0
            except OutageError as error:
                n_failed += 1
                if n_failed >= TRIES:
                    raise OutageError(
                        f"{error.message} What came is kept: go on with the upload {upload_id}.",
                        error.code,
                    ) from error
                time.sleep(error.retry_after_s or FIRST_PAUSE_S * 2 ** (n_failed - 1))
                offset = None
    return upload_id


def _begin(ask: Ask, size_bytes: int, name: str) -> str:
    said = base64.b64encode(name.encode("utf-8", "replace")).decode()
    headers = _TUS | {"upload-length": str(size_bytes), "upload-metadata": f"filename {said}"}
    return str(ask("POST", "/uploads", headers=headers).headers["location"]).rsplit("/", 1)[-1]


def _offset(ask: Ask, upload_id: str) -> int:
    return int(ask("HEAD", f"/uploads/{upload_id}", headers=_TUS).headers["upload-offset"])


def _send_chunk(ask: Ask, upload_id: str, file: BinaryIO, offset: int) -> int:
    file.seek(offset)
    chunk = file.read(CHUNK_BYTES)
    digest = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
    headers = _TUS | {
        "content-type": BODY_TYPE,
        "upload-offset": str(offset),
        "upload-checksum": f"sha256 {digest}",
    }
    answer = ask("PATCH", f"/uploads/{upload_id}", headers=headers, content=chunk)
    return int(answer.headers["upload-offset"])
