"""Tell whether the bytes on disk are the object's, by the checksum that S3 keeps of it."""

import base64
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.sources.sink import READ_BYTES

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

_MD5_DIGITS = 32


def damage_of(path: Path, facts: "HeadObjectOutputTypeDef") -> str:
    """Return why a file is not the object that S3 describes, or "" where nothing speaks against it.

    SHA-256, SHA-1 and CRC32 of the whole object are compared where S3 keeps one; otherwise the
    ETag, which is the MD5 of an object that was put in one piece without a key of KMS. Sums over
    the sums of parts are not compared: where the parts end is not known.
    """
    for name, digest in _DIGESTS.items():
        kept = str(facts.get(name, ""))
        if kept and "-" not in kept and facts.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
            made = base64.b64encode(digest(path)).decode()
            return "" if made == kept else f"{name} is {made}, not {kept}"
    etag = facts.get("ETag", "").strip('"').lower()
    is_md5 = len(etag) == _MD5_DIGITS and not facts.get("ServerSideEncryption", "").startswith(
        "aws:"
    )
    if is_md5 and not facts.get("SSECustomerAlgorithm"):
        made = _hash(path, "md5").hex()
        return "" if made == etag else f"MD5 is {made}, the ETag {etag}"
    return ""


def _hash(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        made = hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False))
        return made.digest()


def _crc32(path: Path) -> bytes:
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            value = zlib.crc32(chunk, value)
    return value.to_bytes(4, "big")


_DIGESTS: dict[str, Callable[[Path], bytes]] = {
    "ChecksumSHA256": lambda path: _hash(path, "sha256"),
    "ChecksumSHA1": lambda path: _hash(path, "sha1"),
    "ChecksumCRC32": _crc32,
}
