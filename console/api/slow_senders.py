"""Connections of senders and readers that keep us waiting are closed ("slow loris"); uvicorn waits for ever.

A request's head must be there within seconds, and a body must come at a least pace, as long as it is
not us who are slow; an answer must be read at a least pace too, since what nobody takes stays in our
memory. Always h11: httptools knows no limit for the size of a head.
"""

import asyncio
import socket
import struct
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
BODY_WINDOW_S = 15.0
BODY_WINDOW_BYTES = 15 << 10  # 1 KiB/s: slower than any line that a recording is sent over
READ_WINDOW_S = 60.0  # a player that is paused may stop for a while
READ_WINDOW_BYTES = 60 << 10  # 1 KiB/s
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what is not taken is dropped, by the kernel as well


class PatientProtocol(H11Protocol):
    """One connection, as uvicorn serves it, that is not waited for longer than is fair."""

    head_s: ClassVar[float] = HEAD_S
    body_window_s: ClassVar[float] = BODY_WINDOW_S
    read_window_s: ClassVar[float] = READ_WINDOW_S
    _n_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_s, self._end_of_head_time)

    def data_received(self, data: bytes) -> None:
        """Pass on what came, and wait for the rest."""
        self._n_bytes += len(data)
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._cancel_head()
        elif self._head_timer is None and self.timeout_keep_alive_task is None:
            # part of the next request's head; while there is none, uvicorn's keep-alive waits
            self._head_timer = self.loop.call_later(self.head_s, self._end_of_head_time)
        if self.conn.their_state is h11.SEND_BODY and self._body_timer is None:
            self._wait_for_body()

    def pause_writing(self) -> None:
        """Wait for a reader who is behind."""
        super().pause_writing()
        if self._read_timer is None:
            self._wait_for_reader()

    def resume_writing(self) -> None:
        """Go on: the reader has nearly all of it."""
        self._cancel_reader()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._cancel_head()
        if self._body_timer is not None:
            self._body_timer.cancel()
        self._cancel_reader()
        super().connection_lost(exc)

    def _wait_for_reader(self) -> None:
        n_waiting = self.transport.get_write_buffer_size()
        self._read_timer = self.loop.call_later(
            self.read_window_s, self._end_of_read_window, n_waiting
        )

    def _end_of_read_window(self, n_before: int) -> None:
        self._read_timer = None
        if n_before - self.transport.get_write_buffer_size() >= READ_WINDOW_BYTES:
            self._wait_for_reader()
            return
        line = self.transport.get_extra_info("socket")
        if line is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()  # closing would wait until all of it is read

    def _cancel_reader(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _wait_for_body(self) -> None:
        self._body_timer = self.loop.call_later(
            self.body_window_s, self._end_of_body_window, self._n_bytes
        )

    def _end_of_head_time(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()

    def _end_of_body_window(self, n_before: int) -> None:
        self._body_timer = None
        if self.conn.their_state is not h11.SEND_BODY or self.transport.is_closing():
            return
        if self._n_bytes - n_before < BODY_WINDOW_BYTES and not self.flow.read_paused:
            self.transport.close()
            return
        self._wait_for_body()

    def _cancel_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
