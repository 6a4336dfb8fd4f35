"""Zip and tar files as a source, where a job asks for it: each member one item.

Archives are read by a limited child (`jobs.archive_reader`); a member's name is shown and never used
as a path. Archives in archives are named and not opened. The archive that was read last stays in a
private folder of the process, so that its members need one download.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from jobs.archive_names import is_archive
from jobs.sources.access import SourceAccess
from jobs.sources.filters import Candidate
from jobs.sources.items import (
    Fetchable,
    Fetched,
    Listed,
    NewItem,
    OnProgress,
    OnSkipped,
    clean_text,
    failed_item,
    source_key,
)
from jobs.sources.sink import MediaSink
from pipeline.errors import (
    AccessError,
    LimitExceededError,
    MediaCorruptError,
    MediaUnsupportedError,
    VerityError,
)
from pipeline.limits import ChildLimits, LimitedChild, limited_child

MEMBER = "member_number"  # the fact that makes an item a member
MEMBER_FACTS = frozenset({MEMBER, "member", "member_bytes"})
MOST_MEMBERS = 20_000
MOST_RATIO = 200  # unpacked to packed; sound packs worse than 10 to 1
FREE_BYTES = 64 << 20  # below this, any ratio
_PROJECT = Path(__file__).resolve().parents[2]
# as in `site_process`: no environment, no user site, and the project named by hand
_BOOTSTRAP = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1));"
    " runpy.run_module('jobs.archive_reader', run_name='__main__', alter_sys=True)"
)

FetchWhole = Callable[[Fetchable, Path, SourceAccess, OnProgress], Fetched]


def list_members(
    whole: Listed, access: SourceAccess, on_skipped: OnSkipped, fetch_whole: FetchWhole
) -> Iterator[Listed]:
    """Yield the members of an archive.

    Args:
        whole: the archive as an item.
        access: what may be reached.
        on_skipped: told of folders' and links' names, and of archives inside.
        fetch_whole: how the archive itself is fetched.
    """
    item = whole.item
    try:
        with _held(item, access, _quietly, fetch_whole) as archive:
            members = _members(archive)
    except VerityError as error:
        if error.retryable:
            raise
        failed = replace(
            failed_item(item.source_uri, item.title, error), source_key=item.source_key
        )
        yield replace(whole, item=failed)
        return
    for member in members:
        name, size = str(member["name"]), _int(member["size"])
        shown = clean_text(f"{item.title}: {name}")
        if why := _why_skipped(member):
            on_skipped(shown, why)
            continue
        made = _to_item(item, member, shown)
        if refusal := _refusal(member, shown):
            failed = failed_item(made.source_uri, shown, refusal)
            made = replace(failed, source_key=made.source_key)
        yield Listed(made, whole.cursor, Candidate(name, size))


def fetch_member(
    item: Fetchable,
    folder: Path,
    access: SourceAccess,
    on_progress: OnProgress,
    fetch_whole: FetchWhole,
) -> Fetched:
    """Stream a member of an archive to disk.

    Raises:
        VerityError: the archive cannot be had, or the member cannot be read.
    """
    facts = {name: it for name, it in item.facts.items() if name not in MEMBER_FACTS}
    uri, mark, _ = item.source_uri.rpartition("#")  # the member's own part is quoted
    whole = NewItem(uri if mark else item.source_uri, item.title, "", facts)
    with (
        _held(whole, access, on_progress, fetch_whole) as archive,
        MediaSink(folder, access.limits, on_progress) as sink,
    ):
        size = item.facts.get("member_bytes", "")
        sink.expect(int(size) if size.isdecimal() else None)
        with _child(archive.path, "read", item.facts[MEMBER], access.limits.wall_s) as child:
            while data := child.read():
                sink.write(data)
            _check_end(child.finish().return_code, clean_text(item.title))
        told = archive.custody.facts | {
            "archive": archive.custody.original_name,
            "archive_sha256": archive.sha256,
            "member": item.facts.get("member", ""),
        }
        name = clean_text(item.facts.get("member", "").rsplit("/", 1)[-1])
        return sink.finish(replace(archive.custody, original_name=name, facts=told))


@contextmanager
def _held(
    whole: NewItem, access: SourceAccess, on_progress: OnProgress, fetch_whole: FetchWhole
) -> Iterator[Fetched]:
    key = source_key(whole.source_uri, "archive", json.dumps(whole.facts, sort_keys=True))
    with access.shelf.hold(
        key, lambda folder: fetch_whole(whole, folder, access, on_progress)
    ) as archive:
        yield archive


def _members(archive: Fetched) -> list[dict[str, object]]:
    with _child(archive.path, "list", str(MOST_MEMBERS), 600.0) as child:
        said = bytearray()
        while data := child.read():
            said += data
        _check_end(child.finish().return_code, clean_text(archive.custody.original_name))
    return [json.loads(line) for line in said.splitlines()]


def _child(
    path: Path, mode: str, argument: str, wall_s: float
) -> AbstractContextManager[LimitedChild]:
    argv = [sys.executable, "-I", "-c", _BOOTSTRAP, str(_PROJECT), mode, str(path), argument]
    limits = ChildLimits(cpu_s=900, memory_bytes=1 << 30, file_bytes=0, wall_s=wall_s)
    return limited_child(argv, limits)


def _check_end(return_code: int, shown: str) -> None:
    if return_code == 0:
        return
    if return_code == 4:
        raise _locked(shown)
    if return_code == 7:
        raise LimitExceededError(
            f"{shown} has more than {MOST_MEMBERS} members: unpack it.", "archive_too_large"
        )
    if return_code in (3, 6):
        raise MediaUnsupportedError(
            f"{shown} is no zip or tar file, or one of an unknown method: unpack it.",
            "archive_unsupported",
        )
    raise MediaCorruptError(
        f"{shown} cannot be read: the archive is damaged, or took too long.", "archive_corrupt"
    )


def _why_skipped(member: dict[str, object]) -> str:
    name = str(member["name"])
    if member["kind"] == "folder":
        return "folder_marker"
    if member["kind"] == "other":
        return "not_a_file"
    parts = name.replace("\\", "/").split("/")
    if "__MACOSX" in parts or parts[-1].startswith("."):
        return "hidden"
    return "archive_in_archive" if is_archive(name) else ""


def _refusal(member: dict[str, object], shown: str) -> VerityError | None:
    if member["kind"] == "locked":
        return _locked(shown)
    size, packed = _int(member["size"]), member["packed"]
    if isinstance(packed, int) and size > max(FREE_BYTES, packed * MOST_RATIO):
        return LimitExceededError(
            f"{shown} would unpack to {size / 1e9:.3g} GB, more than {MOST_RATIO} times what it"
            " takes: no recording does.",
            "archive_bomb",
        )
    return None


def _to_item(whole: NewItem, member: dict[str, object], shown: str) -> NewItem:
    name, number = str(member["name"]), f"{member['number']}"
    uri = clean_text(f"{whole.source_uri}#{quote(name, errors='surrogatepass')}", 4096)
    key = source_key(whole.source_key, "archive", f"{number}#{name}", str(member["version"]))
    told = {MEMBER: number, "member": clean_text(name), "member_bytes": f"{member['size']}"}
    return NewItem(uri, shown, key, whole.facts | told)


def _locked(shown: str) -> AccessError:
    return AccessError(f"{shown} is encrypted: unpack it with its password.", "archive_locked")


def _quietly(so_far: int, total: int | None) -> None:
    """Take progress that nobody asked for."""


def _int(value: object) -> int:
    assert isinstance(value, int), "our own child speaks"
    return value
