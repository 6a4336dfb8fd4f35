"""Start `jobs.site_reader` as a limited child and read its events.

The child's environment is empty but for its own scratch folder; what it is asked, with the guard's
token, stands in a file there that only this user can read.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from deno import find_deno_bin

from jobs.sources.access import SourceAccess
from pipeline.errors import FetchFailedError, LimitExceededError
from pipeline.limits import ChildLimits, LimitedChild, limited_child

PROJECT = Path(__file__).resolve().parents[2]
# -I: no environment, no user site, nothing from the working folder. The project is named by hand,
# so that this works in a checkout, from a wheel and in Ray's working folder alike.
BOOTSTRAP = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1));"
    " runpy.run_module('jobs.site_reader', run_name='__main__', alter_sys=True)"
)
CPU_S = 1_800  # of one listing or fetch: unpacking pages and fragments, and a player script
ADDRESS_BYTES = 1 << 40  # V8 reserves by the terabyte; the child limits what is written to
STALL_S = 180.0  # a player script and a slow site together are silent for a minute
SPARE_FILE_BYTES = 1 << 20  # beyond the limit, so that the child sees the limit and not a signal
MAX_LINE_BYTES = 1 << 20

Event: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class SiteRequest:
    """What a child is asked."""

    mode: str  # `list` or `fetch`
    url: str
    folder: Path | None = None  # where the medium goes
    entry: int | None = None  # which of several media of the page
    cookies: str = field(default="", repr=False)


@contextmanager
def site_events(request: SiteRequest, access: SourceAccess) -> Iterator[Iterator[Event]]:
    """Give the events of a child, as they come; the child is gone when the block is left.

    Raises (while events are read):
        FetchFailedError: the child died or went silent.
        LimitExceededError: it took longer than is allowed.
    """
    with tempfile.TemporaryDirectory(prefix="verity-site-") as scratch_name:
        scratch = Path(scratch_name)
        asked = scratch / "request.json"
        asked.touch(mode=0o600)
        asked.write_text(json.dumps(_to_ask(request, access, scratch)), encoding="ascii")
        limits = _limits(request, access, scratch)
        argv = [sys.executable, "-I", "-c", BOOTSTRAP, str(PROJECT), str(asked)]
        with limited_child(argv, limits, cwd=scratch) as child:
            try:
                yield _events(child, access)
            finally:
                # The player script is a child of the child. Its group is still ours by number,
                # since its leader has not been waited for.
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)


def _to_ask(request: SiteRequest, access: SourceAccess, scratch: Path) -> dict[str, object]:
    proxy = urlsplit(access.guard.proxy_url)
    return {
        "mode": request.mode,
        "url": request.url,
        "folder": str(request.folder or scratch),
        "entry": request.entry,
        "max_bytes": access.limits.max_bytes,
        "stall_s": access.limits.stall_s,
        "live_s": access.options.live_minutes * 60,
        "cookies": request.cookies,
        "sleep_s": access.options.sleep_s,
        "rate_bytes": access.options.rate_bytes,
        "deno": find_deno_bin(),
        "yt_dlp_folder": str(access.yt_dlp_folder or ""),
        "guard_socket": str(access.guard.socket_path),
        "guard_port": proxy.port,
        "guard_user": f"{proxy.username}:{proxy.password}",
    }


def _limits(request: SiteRequest, access: SourceAccess, scratch: Path) -> ChildLimits:
    is_fetch = request.mode == "fetch"
    places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "DENO_DIR")
    return ChildLimits(
        cpu_s=CPU_S,
        memory_bytes=ADDRESS_BYTES,
        file_bytes=access.limits.max_bytes + SPARE_FILE_BYTES if is_fetch else SPARE_FILE_BYTES,
        stall_s=STALL_S + access.options.sleep_s,
        # A listing waits for whoever takes its items, however long that takes.
        wall_s=access.limits.wall_s + access.options.live_minutes * 60 if is_fetch else None,
        network=True,  # it leaves the network itself, keeping a relay to the guard
        environment={place: str(scratch) for place in places}
        | {"PATH": "", "LANG": "C.UTF-8", "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"},
    )


def _events(child: LimitedChild, access: SourceAccess) -> Iterator[Event]:
    rest = b""
    while data := child.read():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)
        if len(rest) > MAX_LINE_BYTES:
            raise FetchFailedError("The site reader talks without end.", "site_reader_failed")
    child.stderr_tail.join()
    result = child.finish()
    if result.return_code == 0:
        return
    if result.timed_out:
        raise FetchFailedError("The site was silent for too long; it is tried again later.")
    if result.return_code == -signal.SIGKILL:
        raise LimitExceededError(
            f"Fetching took longer than {access.limits.wall_s:.0f} s, the limit of"
            " VERITY_FETCH_WALL_S.",
            "fetch_too_slow",
        )
    last = result.stderr.strip().splitlines()[-1:] or [f"exit status {result.return_code}"]
    raise FetchFailedError(
        f"The site could not be read: yt-dlp stopped with {last[0][:300]}", "site_reader_failed"
    )
