"""What requests of the tus protocol say: https://tus.io/protocols/resumable-upload, version 1.0.0.

Of its extensions: creation, creation-with-upload, expiration, checksum, termination.
"""

import base64
import binascii
import hashlib
import re
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import InputError
from storage.upload_rows import UploadFacts

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
CHECKSUMS = ("sha256", "sha1")  # sha1: the one that the protocol asks of every server
BODY_TYPE = "application/offset+octet-stream"
MOST_METADATA_CHARS = 4096
_NUMBER = re.compile(r"[0-9]{1,18}")
_METADATA_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")  # ASCII without space and comma


class TusHeaders(BaseModel):
    """The headers of a request, as they came."""

    tus_resumable: str = ""
    upload_length: str = ""
    upload_offset: str = ""
    upload_metadata: str = ""
    upload_checksum: str = ""
    content_type: str = ""
    content_length: str = ""
    x_http_method_override: str = ""

    def require_version(self) -> None:
        """Pass where the request speaks our version.

        Raises:
            InputError: it speaks another one, or says none (`upload_version`).
        """
        if self.tus_resumable != VERSION:
            raise InputError(
                f"Send `Tus-Resumable: {VERSION}`: this is the tus protocol.", "upload_version"
            )

    def require_body_type(self) -> None:
        """Pass where the body is one of the protocol.

        Raises:
            InputError: it is another one (`upload_type`).
        """
        if self.content_type.partition(";")[0].strip().lower() != BODY_TYPE:
            raise InputError(f"The body's Content-Type is {BODY_TYPE}.", "upload_type")

    @property
    def has_body(self) -> bool:
        """Tell whether a creation brings the first bytes with it."""
        return self.content_type.partition(";")[0].strip().lower() == BODY_TYPE

    @property
    def length(self) -> int:
        """Return how many bytes the whole file has.

        Raises:
            InputError: that is not said, or is no number (`upload_header`).
        """
        return _number("Upload-Length", self.upload_length)

    @property
    def offset(self) -> int:
        """Return where the body begins.

        Raises:
            InputError: that is not said, or is no number (`upload_header`).
        """
        return _number("Upload-Offset", self.upload_offset)

    @property
    def body_bytes(self) -> int | None:
        """Return how many bytes the body says that it has, or None."""
        return int(self.content_length) if _NUMBER.fullmatch(self.content_length) else None

    @property
    def file_name(self) -> str:
        """Return the file's name as the sender calls it, or "".

        Raises:
            InputError: the metadata have not the protocol's form (`upload_header`).
        """
        said = _metadata(self.upload_metadata)
        return (said.get("filename") or said.get("name") or b"").decode("utf-8", "replace")

    def checksum(self) -> "Checksum | None":
        """Return what the body is to be checked against, or None.

        Raises:
            InputError: the header is malformed, or names another algorithm (`upload_header`).
        """
        if not self.upload_checksum:
            return None
        name, _, said = self.upload_checksum.partition(" ")
        if name not in CHECKSUMS:
            raise InputError(f"Upload-Checksum takes {', '.join(CHECKSUMS)}.", "upload_header")
        return Checksum(name, _from_base64("Upload-Checksum", said.strip()))


class Checksum:
    """A hash over the body of one request."""

    def __init__(self, name: str, said: bytes) -> None:
        """Take what was said; `update` with the bytes that come."""
        self._hash: Any = hashlib.new(name, usedforsecurity=False)
        self._said = said

    def update(self, chunk: bytes) -> None:
        """Take bytes."""
        self._hash.update(chunk)

    def check(self) -> None:
        """Pass where the bytes are those that were meant.

        Raises:
            InputError: they are others (`upload_checksum`).
        """
        if self._hash.digest() != self._said:
            raise InputError(
                "What came is not what was sent: its checksum differs. Send this part again.",
                "upload_checksum",
            )


class TusVersion:
    """Says in every answer of a path that it speaks the protocol, as the protocol asks."""

    def __init__(self, app: ASGIApp, *, path: str) -> None:
        """Wrap an app."""
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._path):
            await self._app(scope, receive, send)
            return

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["tus-resumable"] = VERSION
                headers["tus-version"] = VERSION  # a 412 must say it
            await send(message)

        await self._app(scope, receive, send_with_version)


def standing(upload: UploadFacts) -> dict[str, str]:
    """Return the headers that say how far an upload is."""
    headers = {
        "upload-offset": str(upload.n_bytes),
        "upload-length": str(upload.size_bytes),
        "upload-expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True),
    }
    if upload.metadata_line:
        headers["upload-metadata"] = upload.metadata_line
    return headers


def _number(name: str, said: str) -> int:
    if not _NUMBER.fullmatch(said):
        raise InputError(
            f"{name} is a whole number of bytes; it is {said[:40]!r}.", "upload_header"
        )
    return int(said)


def _metadata(line: str) -> dict[str, bytes]:
    """Return the pairs of an Upload-Metadata header."""
    if len(line) > MOST_METADATA_CHARS:
        raise InputError(
            f"Upload-Metadata has more than {MOST_METADATA_CHARS} characters.", "upload_header"
        )
    pairs: dict[str, bytes] = {}
    for pair in line.split(",") if line.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not _METADATA_KEY.fullmatch(key):
            raise InputError("Upload-Metadata: a key, a space, Base64, a comma.", "upload_header")
        pairs[key] = _from_base64("Upload-Metadata", value.strip())
    return pairs


def _from_base64(name: str, said: str) -> bytes:
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{name}: {said[:40]!r} is no Base64.", "upload_header") from error
