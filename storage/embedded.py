"""Starts and stops the embedded PostgreSQL of an installation (where it lies: DESIGN.md §6).

Every process that opens it holds it until it exits; the last one stops it, and a guard process
does so for those that were killed.
"""

import atexit
from pathlib import Path
from threading import Lock

from pipeline.errors import ConfigError
from storage.postgres_programs import ServerError
from storage.postgres_server import PostgresServer
from storage.settings import StorageSettings

_held: dict[Path, PostgresServer] = {}  # by folder: a process holds each server once
_held_lock = Lock()


def hold_embedded(settings: StorageSettings, options: dict[str, str] | None = None) -> str:
    """Start the embedded server if it is not running, keep it up, and return its URL.

    Args:
        settings: name its folder.
        options: PostgreSQL settings for a server that is started by this call.

    Raises:
        ConfigError: the server cannot run here; the message says what to do.
    """
    with _held_lock:
        server = _held.get(settings.server_folder)
        if server is None:
            server = PostgresServer(settings.server_folder, options)
        try:
            server.hold()
        except ServerError as error:
            raise ConfigError(str(error), "embedded_database") from error
        if not _held:
            atexit.register(_release_all)
        _held[settings.server_folder] = server
        return server.url


def release_embedded(settings: StorageSettings) -> None:
    """Let go of the server before the process ends; the last one to do so stops it."""
    with _held_lock:
        server = _held.pop(settings.server_folder, None)
    if server is not None:
        server.release()


def stop_embedded(settings: StorageSettings) -> None:
    """Stop the server, whoever uses it."""
    with _held_lock:
        server = _held.pop(settings.server_folder, None) or PostgresServer(settings.server_folder)
    server.stop()
    server.release()


def remove_embedded(settings: StorageSettings) -> None:
    """Stop the server and remove all its data."""
    stop_embedded(settings)
    PostgresServer(settings.server_folder).remove()


def _release_all() -> None:
    with _held_lock:
        servers = list(_held.values())
        _held.clear()
    for server in servers:
        server.release()
