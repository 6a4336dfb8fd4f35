"""Bytes in stretches (RFC 9110 §14): players ask for what they need next."""

import re
from collections.abc import Callable, Iterator, Mapping

from fastapi.responses import Response, StreamingResponse

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

ReadBytes = Callable[[int, int], Iterator[bytes]]  # (first, how many)


def in_range(
    asked: str, size_bytes: int, read: ReadBytes, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Return all bytes, or the one stretch that was asked for.

    Several stretches, or what is no range, are answered with all bytes, as the standard allows.

    Args:
        asked: the request's `Range`; "": none.
        size_bytes: of the whole.
        read: gives a stretch in pieces.
        media_type: of the whole.
        headers: of any answer.
    """
    headers = {**headers, "accept-ranges": "bytes"}
    found = _RANGE.fullmatch(asked.replace(" ", ""))
    if found is None or not any(found.groups()):
        first, last = 0, size_bytes - 1
    else:
        first, last = _limits(found[1], found[2], size_bytes)
        if first >= size_bytes or last < first:
            return Response(None, 416, {**headers, "content-range": f"bytes */{size_bytes}"})
    n_bytes = last - first + 1
    headers["content-length"] = str(n_bytes)
    is_part = found is not None and any(found.groups())
    if is_part:
        headers["content-range"] = f"bytes {first}-{last}/{size_bytes}"
    pieces = read(first, n_bytes)
    return StreamingResponse(pieces, 206 if is_part else 200, headers, media_type)


def _limits(first: str, last: str, size_bytes: int) -> tuple[int, int]:
    if not first:  # the last so many
        return max(0, size_bytes - int(last)), size_bytes - 1
    return int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1
