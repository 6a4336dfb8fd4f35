"""Read a request file, close all doors, do what it asks, and say how it went.

Every line on standard output is a JSON object with an `event`: `start`, then `single`, `playlist`,
`entry`, `progress`, `done`, and at most one `error` with the message as it came.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jobs.site_reader import cage

DATA_BYTES = 2 << 30  # V8 needs 1 GiB to start (measured with deno 2.9.8)


def main(request_file: str) -> None:
    """Do one request."""
    asked = json.loads(Path(request_file).read_text(encoding="utf-8"))
    Path(request_file).unlink()  # it may hold cookies
    cage.limit_memory(DATA_BYTES)
    way_out = cage.leave_network(asked["guard_socket"], asked["guard_port"])
    # Whoever prints, prints to nowhere: this pipe carries our events only.
    events = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def say(event: Mapping[str, object]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    if asked["yt_dlp_folder"]:
        sys.path.insert(0, asked["yt_dlp_folder"])
    # Not at the top: the operator's own yt-dlp comes first on the path only from here on.
    from jobs.site_reader import reading

    request = reading.Request(
        mode=asked["mode"],
        url=asked["url"],
        folder=Path(asked["folder"]),
        max_bytes=asked["max_bytes"],
        stall_s=asked["stall_s"],
        deno=asked["deno"],
        entry=asked["entry"],
        live_s=asked["live_s"],
        cookies=asked["cookies"],
        sleep_s=asked["sleep_s"],
        rate_bytes=asked["rate_bytes"],
    )
    places = [request.folder, Path(tempfile.gettempdir())]
    cage.close_doors(way_out, request.deno, places)
    say({"event": "start", "yt_dlp": reading.VERSION, "is_caged": way_out.is_caged})
    proxy = f"http://{asked['guard_user']}@{way_out.host}:{way_out.port}"
    work = reading.list_page if request.mode == "list" else reading.fetch_page
    try:
        work(request, proxy, say)
    except reading.ReadingError as error:
        code, message = error.args
        say({"event": "error", "code": code, "message": message})
    except reading.SITE_ERRORS as error:
        message = str(error)[: reading.MESSAGE_CHARS]
        cause = repr(error.__cause__ or getattr(error, "exc_info", ("", ""))[1])
        kind = type(error).__name__
        say({"event": "error", "code": "", "message": message, "kind": kind, "cause": cause[:500]})


if __name__ == "__main__":
    main(sys.argv[1])
