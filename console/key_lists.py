"""Read the list of keys that a console publishes, from its address or from a file."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from pipeline.errors import FetchFailedError, InputError
from reports.published_keys import MOST_BYTES, PATH, KeyList, read_key_list
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy

TIMEOUT_S = 30.0


def load_key_list(place: str, policy: EgressPolicy) -> KeyList:
    """Return a list of keys.

    Args:
        place: a file, or an http(s) address; without a path the well-known one is asked.
        policy: of the guard that requests leave through.

    Raises:
        InputError: there is no such file, or it is no list of keys.
        FetchFailedError: the address did not answer with one.
    """
    if place.lower().startswith(("https://", "http://")):
        url = place if urlsplit(place).path.strip("/") else place.rstrip("/") + PATH
        return read_key_list(_fetched(url, policy), url)
    try:
        with Path(place).open("rb") as file:
            return read_key_list(file.read(MOST_BYTES), place)
    except OSError as error:
        raise InputError(
            f"--keys: {place} cannot be read ({error.strerror}): name a file, or the address of a "
            "console.",
            "input_invalid",
        ) from error


def _fetched(url: str, policy: EgressPolicy) -> bytes:
    deadline = time.monotonic() + TIMEOUT_S  # a byte now and then is no answer either
    answer = bytearray()
    try:
        with (
            EgressGuard(policy) as guard,
            httpx.Client(
                proxy=guard.proxy_url, trust_env=False, timeout=TIMEOUT_S, follow_redirects=False
            ) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise _failed(url, f"answered {response.status_code}")
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > MOST_BYTES or time.monotonic() > deadline:
                    raise _failed(url, "sent too much, or too slowly")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failed(url, "did not answer") from error
    return bytes(answer)


def _failed(url: str, what: str) -> FetchFailedError:
    return FetchFailedError(f"{url} {what}: no list of keys was read, so nothing was checked.")
