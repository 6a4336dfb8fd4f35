"""Go out by a proxy of the operator's: it connects to the very address that the guard checked.

HTTP proxies are asked by CONNECT (RFC 9110 §9.3.6), SOCKS proxies by version 5 (RFC 1928), with a
name and a password (RFC 1929) where there is one. A SOCKS proxy is never asked to resolve a name:
`socks5h` means the same as `socks5`, since the guard has resolved and checked it already.
"""

import asyncio
import base64
import ipaddress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from pipeline.errors import InputError

HEAD_BYTES = 1 << 14
MOST_WORD_BYTES = 255  # of a name or a password of SOCKS: its length is one byte

SOCKS_VERSION, LOGIN_VERSION = 5, 1
NO_LOGIN, BY_PASSWORD = 0, 2  # ways to log in
CONNECT, RESERVED = 1, 0
IPV4, NAME, IPV6 = 1, 3, 4  # kinds of addresses
SUCCEEDED = 0


class ProxyKind(StrEnum):
    """What a proxy speaks."""

    HTTP = "http"
    SOCKS5 = "socks5"


_KINDS = {"http": ProxyKind.HTTP, "socks5": ProxyKind.SOCKS5, "socks5h": ProxyKind.SOCKS5}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A proxy that connects on our behalf."""

    host: str
    port: int
    kind: ProxyKind = ProxyKind.HTTP
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def parse_proxy(url: str) -> Upstream:
    """Return the proxy that `http://user:password@host:port` or `socks5://...` names.

    Raises:
        InputError: it is none; the message does not hold it.
    """
    malformed = InputError(
        "A proxy is written http://host:port or socks5://host:port, with user:password@ before"
        " the host where it asks for them.",
        "proxy_malformed",
    )
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise malformed from None
    kind = _KINDS.get(parts.scheme)
    if kind is None or not host or not port or any(mark in url for mark in "\r\n"):
        raise malformed
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    longest = max(len(word.encode()) for word in (user, password))
    if kind is ProxyKind.SOCKS5 and (longest > MOST_WORD_BYTES or bool(user) != bool(password)):
        raise malformed  # RFC 1929 takes no empty word
    return Upstream(host, port, kind, user, password)


async def connect_through(
    upstream: Upstream, address: str, port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to an address, made by the proxy.

    Raises:
        OSError: the proxy is away, or refuses.
    """
    reader, writer = await asyncio.open_connection(upstream.host, upstream.port, limit=HEAD_BYTES)
    try:
        if upstream.kind is ProxyKind.SOCKS5:
            await _ask_socks(upstream, (reader, writer), address, port)
        else:
            await _ask_http(upstream, (reader, writer), address, port)
    except asyncio.IncompleteReadError as error:
        writer.close()
        raise ConnectionError("the proxy gave no answer") from error
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def _ask_http(
    upstream: Upstream,
    proxy: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    address: str,
    port: int,
) -> None:
    reader, writer = proxy
    target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
    if upstream.user or upstream.password:
        pair = base64.b64encode(f"{upstream.user}:{upstream.password}".encode()).decode()
        head += f"Proxy-Authorization: Basic {pair}\r\n"
    writer.write(f"{head}\r\n".encode())
    await writer.drain()
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise ConnectionError("the proxy gave no answer") from error
    words = answer.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or words[1] != b"200":
        raise ConnectionError("the proxy refuses")


async def _ask_socks(
    upstream: Upstream,
    proxy: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    address: str,
    port: int,
) -> None:
    reader, writer = proxy
    way = BY_PASSWORD if upstream.user else NO_LOGIN
    writer.write(bytes([SOCKS_VERSION, 1, way]))
    await writer.drain()
    if await reader.readexactly(2) != bytes([SOCKS_VERSION, way]):
        raise ConnectionError("the proxy wants another login, or is none of SOCKS 5")
    if upstream.user:
        user, password = upstream.user.encode(), upstream.password.encode()
        writer.write(bytes([LOGIN_VERSION, len(user)]) + user + bytes([len(password)]) + password)
        await writer.drain()
        if (await reader.readexactly(2))[1] != SUCCEEDED:
            raise ConnectionError("the proxy refuses the login")
    where = ipaddress.ip_address(address.partition("%")[0])
    kind = IPV4 if where.version == 4 else IPV6
    head = bytes([SOCKS_VERSION, CONNECT, RESERVED, kind])
    writer.write(head + where.packed + port.to_bytes(2))
    await writer.drain()
    version, outcome, _, bound_kind = await reader.readexactly(4)
    if (version, outcome) != (SOCKS_VERSION, SUCCEEDED):
        raise ConnectionError("the proxy refuses")
    lengths = {IPV4: 4, IPV6: 16}
    if bound_kind == NAME:
        n_bytes = (await reader.readexactly(1))[0]
    elif bound_kind in lengths:
        n_bytes = lengths[bound_kind]
    else:
        raise ConnectionError("the proxy gave no answer that is one")
    await reader.readexactly(n_bytes + 2)  # the proxy's own address and port: nobody needs them
