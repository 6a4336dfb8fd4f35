"""A zip of everything that a job's reports are, with a signed list of its members; and its checking.

`SHA256SUMS` names every member (as `sha256sum -c` reads it), `manifest.json` names its checksum and how
many there are, `manifest.json.jws` signs the manifest. So one signature covers all bytes, and the list
is written and read line by line. Members are streamed; Zip64 where sizes or numbers ask for it.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

from pipeline.errors import InputError
from reports.canonical_json import Json, canonical_json
from reports.json_signature import sign_json
from reports.signer_checks import Check, KnownSigners, Outcome, SignedFile, check_signature
from reports.signing_keys import SigningKey

SCHEMA = "verity-archive-1"
SUMS, MANIFEST, SIGNATURE = "SHA256SUMS", "manifest.json", "manifest.json.jws"
MOST_TOLD = 20  # members that are named one by one where something is wrong
_LISTS = frozenset({SUMS, MANIFEST, SIGNATURE})
_PACKED = (".pdf", ".xlsx", ".png", ".zip")  # compressed already
_CHUNK = 1 << 20
_MOST_LIST_BYTES = 1 << 20  # of the manifest and of the signature


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


def write_archive(
    path: Path, members: Iterable[Member], about: dict[str, Json], key: SigningKey, at: datetime
) -> WrittenArchive:
    """Write an archive; what is there under the name is replaced once the new one is whole.

    Args:
        path: of the zip.
        members: read one by one; two of one name are our own bug.
        about: what the manifest says beside the members, such as the job.
        key: that signs.
        at: the time that members carry, so that the same reports give the same entries.
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
            archive.writestr(_entry(SIGNATURE, at), sign_json(manifest, key))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return WrittenArchive(len(names), n_bytes, sums_digest.hexdigest())


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


def check_archive(path: Path, keys: Path) -> Iterator[Check]:
    """Yield what holds of an archive and what does not: its signature, its list, each member.

    Args:
        path: of the zip; it may be anything.
        keys: the folder of this installation's keys: signers in it are known.

    Raises:
        InputError: it is no archive of ours (`report_unreadable`).
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _unreadable(path, "it is no zip that can be read") from error
    with archive:
        names = [entry.filename for entry in archive.infolist()]
        if not set(names) >= _LISTS:
            missing = ", ".join(sorted(_LISTS - set(names)))
            raise _unreadable(path, f"it has no {missing}")
        try:
            manifest_bytes = _small(archive, MANIFEST)
            token = _small(archive, SIGNATURE)
            manifest = _manifest(manifest_bytes)
        except (*_BROKEN, ValueError, KeyError, TypeError) as error:
            raise _unreadable(path, "its manifest cannot be read") from error
        yield check_signature(SignedFile(manifest_bytes, token, None), KnownSigners(keys))
        yield from _check_members(archive, manifest, names)


_BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error)


@dataclass(frozen=True, slots=True)
class _Manifest:
    sums_sha256: str
    n_members: int


def _manifest(content: bytes) -> _Manifest:
    tree = json.loads(content)
    if tree["schema"] != SCHEMA:
        raise ValueError(SCHEMA)
    return _Manifest(str(tree["sums_sha256"]), int(tree["n_members"]))


def _check_members(
    archive: zipfile.ZipFile, manifest: _Manifest, names: list[str]
) -> Iterator[Check]:
    """Yield one check of the list, then what is wrong with members, then how many hold."""
    listed: set[str] = set()
    digest = hashlib.sha256()
    wrong: list[Check] = []
    n_wrong = n_hold = 0
    is_doubled = len(names) != len(set(names))
    try:
        with archive.open(SUMS) as sums:
            for line in sums:
                digest.update(line)
                sha256, _, name = line.decode("utf-8", "replace").rstrip("\n").partition("  ")
                listed.add(name)
                trouble = _trouble(archive, name, sha256)
                if trouble:
                    n_wrong += 1
                    wrong.append(Check("member", Outcome.FAILS, f"{_shown(name)}: {trouble}"))
                    del wrong[MOST_TOLD:]
                else:
                    n_hold += 1
    except _BROKEN as error:
        wrong.append(
            Check("list", Outcome.FAILS, f"{SUMS} cannot be read ({type(error).__name__})")
        )
        n_wrong += 1
    is_listed = digest.hexdigest() == manifest.sums_sha256 and len(listed) == manifest.n_members
    if is_listed:
        yield Check("list", Outcome.HOLDS, f"{SUMS} is the one that the manifest names")
    else:
        yield Check("list", Outcome.FAILS, f"{SUMS} is not the one that the manifest names")
    yield from wrong
    if n_wrong > len(wrong):
        yield Check("member", Outcome.FAILS, f"and {n_wrong - len(wrong)} more")
    extra = sorted(set(names) - listed - _LISTS)
    for name in extra[:MOST_TOLD]:
        yield Check("member", Outcome.FAILS, f"{_shown(name)}: it stands in no list")
    if is_doubled:
        yield Check("member", Outcome.FAILS, "a name stands in the zip more than once")
    outcome = Outcome.HOLDS if n_hold and not n_wrong else Outcome.FAILS
    yield Check(
        "members", outcome, f"{n_hold} of {n_hold + n_wrong} are the bytes that were listed"
    )


def _trouble(archive: zipfile.ZipFile, name: str, sha256: str) -> str:
    """Return what is wrong with a member, "" where it is what was listed."""
    digest = hashlib.sha256()
    try:
        with archive.open(name) as member:
            while chunk := member.read(_CHUNK):
                digest.update(chunk)
    except KeyError:
        return "it is missing"
    except _BROKEN:
        return "it cannot be read"
    return "" if digest.hexdigest() == sha256 else "its bytes are others"


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        content = member.read(_MOST_LIST_BYTES + 1)
    if len(content) > _MOST_LIST_BYTES:
        raise ValueError(f"{name} is too long")
    return content


def _shown(name: str) -> str:
    """Return a name that a terminal can show: a zip's names come from outside."""
    return "".join(mark if mark.isprintable() else "?" for mark in name[:200])


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path.name} is no archive of reports: {why}. Name a zip that verity reports --zip wrote.",
        "report_unreadable",
    )
