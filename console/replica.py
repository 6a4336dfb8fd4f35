"""One process that answers: its connections, its examiners, its app; of several, each opens its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.examining import open_examining
from console.api.settings import ApiSettings
from console.pages.app import create_pages
from console.queue_access import QueueAccess, open_queue
from console.settings import ConsoleSettings

KEPT_CONNECTIONS = 12  # requests come side by side; twice as many where they are many


@contextmanager
def open_app(settings: ConsoleSettings, access: QueueAccess) -> Iterator[FastAPI]:
    """Yield the API with the pages, over an open database and object store.

    Raises:
        ConfigError: a setting is wrong.
    """
    api = ApiSettings.from_env(settings.environ)
    with open_examining(settings.jobs, settings.temp_root) as examining:
        examining.warm()
        context = ApiContext(api, access.engine, access.objects, settings.jobs, examining, settings)
        yield create_app(context, create_pages(context))


@contextmanager
def open_replica(settings: ConsoleSettings) -> Iterator[FastAPI]:
    """Yield the app of a process that is one of several.

    Raises:
        ConfigError: a setting is wrong.
        DatabaseError: the database does not answer.
    """
    with open_queue(settings, KEPT_CONNECTIONS) as access, open_app(settings, access) as app:
        yield app


def for_replicas(settings: ConsoleSettings, access: QueueAccess) -> ConsoleSettings:
    """Return the settings with which another process finds the same database and folders."""
    url = access.engine.url.render_as_string(hide_password=False)
    folder = str(settings.storage.var_folder)
    return ConsoleSettings({**settings.environ, "VERITY_DATABASE_URL": url, "VERITY_VAR": folder})
