"""A zip of everything that a job's reports are, with a signed list of its members.

`SHA256SUMS` names every member (as `sha256sum -c` reads it), `manifest.json` names its checksum and how
many there are, `manifest.json.jws` signs the manifest. So one signature covers all bytes, and the list
is written and read line by line. Time stamps of that signature are members beside the list
(`manifest.json.jws.tsr`). Members are streamed; Zip64 where sizes or numbers ask for it.
"""

import hashlib
import itertools
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeAlias

from reports.canonical_json import Json, canonical_json
from reports.json_signature import sign_json
from reports.signing_keys import SigningKey

SCHEMA = "verity-archive-1"
SUMS, MANIFEST, SIGNATURE = "SHA256SUMS", "manifest.json", "manifest.json.jws"
STAMP = re.compile(rf"{re.escape(SIGNATURE)}(\.[0-9]+)?\.tsr")  # a time stamp over the signature
_PACKED = (".pdf", ".xlsx", ".png", ".zip")  # compressed already
_CHUNK = 1 << 20
# gives time stamps over bytes, and what went wrong: `reports.stamping.Stamper.stamp_bytes`
StampBytes: TypeAlias = Callable[[bytes], tuple[tuple[bytes, ...], tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: bytes, or a file that is read piece by piece."""

    name: str  # made by us: no folders, ASCII
    content: bytes | Path


@dataclass(frozen=True, slots=True)
class WrittenArchive:
    """What was written."""

    n_members: int
    n_bytes: int  # of the members, as they are outside
    sums_sha256: str
    problems: tuple[str, ...] = ()  # authorities that gave no time stamp


def write_archive(
    path: Path,
    members: Iterable[Member],
    about: dict[str, Json],
    key: SigningKey,
    at: datetime,
    stamp: StampBytes | None = None,
) -> WrittenArchive:
    """Write an archive; what is there under the name is replaced once the new one is whole.

    Args:
        path: of the zip.
        members: read one by one; two of one name are our own bug.
        about: what the manifest says beside the members, such as the job.
        key: that signs.
        at: the time that members carry, so that the same reports give the same entries.
        stamp: asks for time stamps over the signature; None: it has none.
    """
    partial = path.with_name(f".{path.name}.partial")
    names: set[bytes] = set()
    n_bytes = 0
    sums_digest = hashlib.sha256()
    try:
        with (
            TemporaryFile(dir=path.parent) as sums,
            zipfile.ZipFile(partial, "w", allowZip64=True) as archive,
        ):
            for member in members:
                mark = hashlib.blake2b(member.name.encode(), digest_size=8).digest()
                assert mark not in names, f"two members are called {member.name}"
                names.add(mark)
                sha256, size = _put(archive, member, at)
                n_bytes += size
                line = f"{sha256}  {member.name}\n".encode()
                sums_digest.update(line)
                sums.write(line)
            sums.seek(0)
            with archive.open(_entry(SUMS, at), "w", force_zip64=True) as out:
                while chunk := sums.read(_CHUNK):
                    out.write(chunk)
            manifest = canonical_json(
                {
                    **about,
                    "schema": SCHEMA,
                    "n_members": len(names),
                    "n_bytes": n_bytes,
                    "sums": SUMS,
                    "sums_sha256": sums_digest.hexdigest(),
                }
            )
            archive.writestr(_entry(MANIFEST, at), manifest)
            signature = sign_json(manifest, key)
            archive.writestr(_entry(SIGNATURE, at), signature)
            stamps, problems = stamp(signature) if stamp else ((), ())
            _put_stamps(archive, stamps, at)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return WrittenArchive(len(names), n_bytes, sums_digest.hexdigest(), problems)


def stamp_archive(path: Path, stamp: StampBytes) -> tuple[int, tuple[str, ...]]:
    """Put time stamps over its signature into an archive; return how many, and what went wrong.

    Raises:
        KeyError, zipfile.BadZipFile, OSError: it is no archive of ours.
    """
    with zipfile.ZipFile(path) as archive:
        at = datetime(*archive.getinfo(SIGNATURE).date_time, tzinfo=UTC)
        stamps, problems = stamp(archive.read(SIGNATURE))
    if not stamps:
        return 0, problems
    partial = path.with_name(f".{path.name}.partial")  # whoever is cut off leaves the archive whole
    try:
        shutil.copyfile(path, partial)
        with zipfile.ZipFile(partial, "a", allowZip64=True) as archive:
            _put_stamps(archive, stamps, at)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return len(stamps), problems


def _put_stamps(archive: zipfile.ZipFile, stamps: Iterable[bytes], at: datetime) -> None:
    """Write time stamps under names that are free: X.tsr, X.2.tsr, and so on."""
    taken = set(archive.namelist())
    numbered = (f"{SIGNATURE}.{number}.tsr" for number in itertools.count(2))
    free = (name for name in itertools.chain((f"{SIGNATURE}.tsr",), numbered) if name not in taken)
    for response, name in zip(stamps, free, strict=False):
        archive.writestr(_entry(name, at), response)


def _put(archive: zipfile.ZipFile, member: Member, at: datetime) -> tuple[str, int]:
    """Write one member; return its SHA-256 and size."""
    digest, size = hashlib.sha256(), 0
    with archive.open(_entry(member.name, at), "w", force_zip64=True) as out:
        for chunk in _chunks(member.content):
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
    return digest.hexdigest(), size


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16  # private, as everything that we write
    return entry
