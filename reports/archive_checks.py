"""Check a zip of reports that somebody hands over: its signature, time stamps, list and each member."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asn1crypto.x509 import Certificate

from pipeline.errors import InputError
from reports.job_archive import MANIFEST, SCHEMA, SIGNATURE, STAMP, SUMS
from reports.signer_checks import Check, KnownSigners, Outcome, SignedFile, check_signature
from reports.stamp_checks import StampFiles, check_stamps, read_stamps

MOST_TOLD = 20  # members that are named one by one where something is wrong
_LISTS = frozenset({SUMS, MANIFEST, SIGNATURE})
_CHUNK = 1 << 20
_MOST_LIST_BYTES = 1 << 20  # of the manifest, of the signature, of a time stamp
_MOST_STAMPS = 100  # that are looked at
_BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error)


def check_archive(
    path: Path, signers: KnownSigners, roots: Sequence[Certificate] = ()
) -> Iterator[Check]:
    """Yield what holds of an archive and what does not: signature, time stamps, list, each member.

    Args:
        path: of the zip; it may be anything.
        signers: whose keys are known here, and whose are revoked.
        roots: of time stamp authorities that are trusted.

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
            stamp_names = sorted(filter(STAMP.fullmatch, set(names)))[:_MOST_STAMPS]
            stamps = {name: _small(archive, name) for name in stamp_names}
        except (*_BROKEN, ValueError, KeyError, TypeError) as error:
            raise _unreadable(path, "its manifest cannot be read") from error
        signed = SignedFile(manifest_bytes, token, None)
        found = read_stamps(signed, StampFiles(stamps, roots))
        yield check_signature(signed, signers, found)
        yield from check_stamps(found)
        yield from _check_members(archive, manifest, names)


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
    extra = sorted(name for name in set(names) - listed - _LISTS if not STAMP.fullmatch(name))
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
