"""Go out by an HTTP proxy of the operator's: it connects to the very address that the guard checked."""

import asyncio
import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pipeline.errors import InputError

HEAD_BYTES = 1 << 14


@dataclass(frozen=True, slots=True)
class Upstream:
    """An HTTP proxy that takes CONNECT (RFC 9110 §9.3.6)."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)  # a header's value


def parse_proxy(url: str) -> Upstream:
    """Return the proxy that `http://user:password@host:port` names.

    Raises:
        InputError: it is none; the message does not hold it.
    """
    form = "A proxy is written http://host:port or http://user:password@host:port."
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InputError(form, "proxy_malformed") from None
    if parts.scheme != "http" or not host or not port or any(mark in url for mark in "\r\n"):
        raise InputError(form, "proxy_malformed")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Upstream(host, port, authorization)


async def connect_through(
    upstream: Upstream, address: str, port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to an address, made by the proxy.

    Raises:
        OSError: the proxy is away, or refuses.
    """
    reader, writer = await asyncio.open_connection(upstream.host, upstream.port, limit=HEAD_BYTES)
    try:
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
        if upstream.authorization:
            head += f"Proxy-Authorization: {upstream.authorization}\r\n"
        writer.write(f"{head}\r\n".encode())
        await writer.drain()
        await _require_success(reader)
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def _require_success(reader: asyncio.StreamReader) -> None:
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ConnectionError("the proxy gave no answer") from error
    words = answer.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or words[1] != b"200":
        raise ConnectionError("the proxy refuses")
