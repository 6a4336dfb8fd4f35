"""One connection of the egress guard: read a request, check where it goes, pass it on.

An HTTP/1.1 forward proxy (RFC 9110 §7.6, §9.3.6) with one request a connection, so that no request
can follow another one to a host that was checked for the first. h11 does the parsing on both sides.
Refusals carry `Proxy-Status` (RFC 9209) and a reason phrase that clients show in their errors.
"""

import asyncio
import base64
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import h11

from storage.egress_policy import Destination, EgressPolicy, parse_destination
from storage.egress_upstream import Upstream, connect_through

logger = logging.getLogger(__name__)

REFUSED = "egress_refused"  # the word that callers look for
PROXY_USER = "verity"
CHUNK_BYTES = 1 << 16
# What concerns one hop (RFC 9110 §7.6.1), what names us, and what the guard alone may say.
HOP_HEADERS = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"proxy-status",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_PLAIN_TARGET = re.compile(r"http://([^/?#]*)([/?][^#]*)?", re.IGNORECASE)

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """How long and how large anything may be."""

    head_bytes: int = 1 << 16  # a request's or an answer's head
    head_s: float = 15.0  # seconds until a request's head is complete
    resolve_s: float = 10.0
    connect_s: float = 10.0  # seconds for each address that is tried
    idle_s: float = 60.0  # seconds without a byte in either direction
    n_addresses: int = 4  # addresses of one name that are tried
    n_connections: int = 256  # at a time


class _RefusedError(Exception):
    """The request is answered by the guard itself; travels within this file only."""

    def __init__(self, status: int, error: str, why: str) -> None:
        super().__init__(status, error, why)
        self.status = status
        self.error = error  # a word of RFC 9209 §2.3
        self.why = why  # a word of ours


class ProxyConnection:
    """Serves one client connection from its request to its end."""

    def __init__(
        self,
        client: Streams,
        policy: EgressPolicy,
        limits: ProxyLimits,
        resolve: Resolver,
        upstream: Upstream | None = None,
    ) -> None:
        """Keep the connection and what it is checked against."""
        self._reader, self._writer = client
        self._policy = policy
        self._limits = limits
        self._resolve = resolve
        self._upstream = upstream
        self._destination: Destination | None = None
        self._client = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)

    async def serve(self, token: str) -> None:
        """Answer one request; every way out leaves both connections closed."""
        try:
            await self._serve(token)
        except _RefusedError as refused:
            await self._answer(refused)
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
            await self._answer(_RefusedError(status, "http_protocol_error", "bad_request"))
        except (OSError, TimeoutError, h11.LocalProtocolError):
            logger.debug("connection ended early")
        finally:
            await close(self._writer)

    async def _serve(self, token: str) -> None:
        try:
            async with asyncio.timeout(self._limits.head_s):
                request = await self._next_request()
        except TimeoutError as error:
            raise _RefusedError(408, "http_request_error", "head_too_slow") from error
        if not _is_authorised(request, token):
            raise _RefusedError(407, "http_request_denied", "no_token")
        if request.method == b"CONNECT":
            await self._serve_tunnel(request)
        else:
            await self._serve_plain(request)

    async def _next_request(self) -> h11.Request:
        while (event := self._client.next_event()) is h11.NEED_DATA:
            self._client.receive_data(await self._reader.read(CHUNK_BYTES))
        if not isinstance(event, h11.Request):
            raise ConnectionResetError
        return event

    async def _serve_tunnel(self, request: h11.Request) -> None:
        destination = parse_destination(request.target.decode("ascii", "replace"))
        if destination is None:
            raise _RefusedError(403, "http_request_denied", "bad_target")
        origin = await self._connect(destination)
        try:
            while self._client.next_event() is not h11.PAUSED:
                pass
            self._writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            early, _ = self._client.trailing_data
            origin[1].write(early)
            await _tunnel((self._reader, self._writer), origin, self._limits.idle_s)
        finally:
            await close(origin[1])

    async def _serve_plain(self, request: h11.Request) -> None:
        match = _PLAIN_TARGET.fullmatch(request.target.decode("ascii", "replace"))
        destination = parse_destination(match.group(1), 80) if match else None
        if match is None or destination is None:
            raise _RefusedError(403, "http_request_denied", "bad_target")
        path = match.group(2) or "/"
        path = path if path.startswith("/") else f"/{path}"
        reader, writer = await self._connect(destination)
        try:
            origin = h11.Connection(h11.CLIENT, max_incomplete_event_size=self._limits.head_bytes)
            headers = [(b"Host", match.group(1).encode()), *_end_to_end(request.headers, b"host")]
            headers.append((b"Connection", b"close"))
            message = h11.Request(method=request.method, target=path, headers=headers)
            writer.write(origin.send(message) or b"")
            await self._send_body(origin, writer)
            await self._pass_answer(origin, reader)
        finally:
            await close(writer)

    async def _send_body(self, origin: h11.Connection, writer: asyncio.StreamWriter) -> None:
        while True:
            event = self._client.next_event()
            if event is h11.NEED_DATA:
                if self._client.they_are_waiting_for_100_continue:
                    ready = h11.InformationalResponse(status_code=100, headers=[])
                    self._writer.write(self._client.send(ready) or b"")
                async with asyncio.timeout(self._limits.idle_s):
                    self._client.receive_data(await self._reader.read(CHUNK_BYTES))
            elif isinstance(event, h11.Data):
                writer.write(origin.send(event) or b"")
                await writer.drain()
            elif isinstance(event, h11.EndOfMessage):
                writer.write(origin.send(h11.EndOfMessage()) or b"")
                await writer.drain()
                return
            else:
                raise ConnectionResetError

    async def _pass_answer(self, origin: h11.Connection, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                event = origin.next_event()
            except h11.RemoteProtocolError as error:
                raise _RefusedError(502, "http_protocol_error", "bad_answer") from error
            if event is h11.NEED_DATA:
                try:
                    async with asyncio.timeout(self._limits.idle_s):
                        origin.receive_data(await reader.read(CHUNK_BYTES))
                except TimeoutError as error:
                    raise _RefusedError(504, "connection_read_timeout", "too_slow") from error
            elif isinstance(event, h11.Response):
                headers = [*_end_to_end(event.headers), (b"Connection", b"close")]
                self._write(
                    h11.Response(
                        status_code=event.status_code, headers=headers, reason=event.reason
                    )
                )
            elif isinstance(event, h11.Data):
                self._write(event)
                async with asyncio.timeout(self._limits.idle_s):
                    await self._writer.drain()
            elif isinstance(event, h11.EndOfMessage):
                self._write(h11.EndOfMessage())
                return
            elif not isinstance(event, h11.InformationalResponse):
                raise ConnectionResetError

    def _write(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        self._writer.write(self._client.send(event) or b"")

    async def _connect(self, destination: Destination) -> Streams:
        """Resolve once, check every answer, and connect to an address that was checked."""
        self._destination = destination
        if why := self._policy.refuse_name(destination):
            raise _RefusedError(403, "http_request_denied", why)
        try:
            async with asyncio.timeout(self._limits.resolve_s):
                addresses = await self._resolve(destination.host, destination.port)
        except TimeoutError as error:
            raise _RefusedError(504, "dns_timeout", "name_too_slow") from error
        except (OSError, UnicodeError) as error:
            raise _RefusedError(502, "dns_error", "name_not_found") from error
        # One forbidden answer closes the name: a mixed answer is how rebinding starts.
        for address in addresses:
            if why := self._policy.refuse_address(destination, address):
                raise _RefusedError(403, "destination_ip_prohibited", why)
        for address in addresses[: self._limits.n_addresses]:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._limits.connect_s):
                    if self._upstream:
                        return await connect_through(self._upstream, address, destination.port)
                    return await asyncio.open_connection(address, destination.port)
        raise _RefusedError(502, "destination_unavailable", "cannot_connect")

    async def _answer(self, refused: _RefusedError) -> None:
        # Where to, but never the path: it may hold a key.
        where = str(self._destination or "")
        level = logging.WARNING if refused.status == 403 else logging.INFO
        logger.log(level, "egress refused", extra={"why": refused.why, "destination": where})
        word = f"{REFUSED} {refused.why}" if refused.status == 403 else f"egress_{refused.why}"
        word = f"{word} {where}".rstrip()
        headers = [("Proxy-Status", f'verity; error={refused.error}; details="{refused.why}"')]
        if refused.status == 407:
            headers.append(("Proxy-Authenticate", 'Basic realm="verity"'))
        body = f"{word}\n".encode()
        headers += [("Content-Length", str(len(body))), ("Connection", "close")]
        with suppress(OSError, h11.LocalProtocolError):
            response = h11.Response(
                status_code=refused.status, headers=headers, reason=word.encode()
            )
            self._write(response)
            self._write(h11.Data(data=body))
            await self._writer.drain()


async def turn_away(writer: asyncio.StreamWriter) -> None:
    """Close a connection that is one too many, and say so."""
    with suppress(OSError):
        writer.write(b"HTTP/1.1 503 egress_busy\r\nConnection: close\r\n\r\n")
        await writer.drain()
    await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait until it is."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _tunnel(client: Streams, origin: Streams, idle_s: float) -> None:
    loop = asyncio.get_running_loop()
    last_byte_at = loop.time()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal last_byte_at
        while data := await reader.read(CHUNK_BYTES):
            last_byte_at = loop.time()
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    running = {
        asyncio.create_task(pump(client[0], origin[1])),
        asyncio.create_task(pump(origin[0], client[1])),
    }
    try:
        while running and loop.time() - last_byte_at < idle_s:
            ended, running = await asyncio.wait(
                running, timeout=idle_s, return_when=asyncio.FIRST_COMPLETED
            )
            if any(task.exception() for task in ended):
                return
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _is_authorised(request: h11.Request, token: str) -> bool:
    expected = b"Basic " + base64.b64encode(f"{PROXY_USER}:{token}".encode())
    given = [value for name, value in request.headers if name == b"proxy-authorization"]
    return len(given) == 1 and hmac.compare_digest(given[0], expected)


def _end_to_end(headers: Sequence[tuple[bytes, bytes]], *more: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers that go to the other side; `Connection` may name more that do not."""
    named = {
        word.strip().lower()
        for name, value in headers
        if name == b"connection"
        for word in value.split(b",")
    }
    dropped = (HOP_HEADERS | named | set(more)) - {b"content-length"}
    return [(name, value) for name, value in headers if name not in dropped]
