"""Translate what a web server answers, and what httpx raises, into our errors."""

import re

import httpx

from pipeline.errors import (
    AccessError,
    FetchFailedError,
    InputError,
    LimitExceededError,
    SourceNotFoundError,
    VerityError,
)
from storage.egress_proxy import REFUSED

# The guard's reason phrase: `egress_refused private_address 127.0.0.2:80`.
_GUARD_SAYS = re.compile(rf"{REFUSED}[: ]+([a-z_]+) ?([\w.:\[\]-]*)")
_REFUSALS = {
    "private_address": "it is not on the public internet",
    "port_not_allowed": "its port is none that web servers use",
    "odd_address": "it is an address in disguise",
    "bad_target": "it is no plain host name",
}
MAX_WAIT_S = 86_400.0  # a server that says "come back in a year" is asked tomorrow


def egress_error(url: str, words: str) -> AccessError:
    """Return the error of an address that the guard refused.

    Args:
        url: what was asked for; what was refused may be an address that it leads to.
        words: whatever holds the guard's reason phrase, or an explanation of ours.
    """
    match = _GUARD_SAYS.search(words)
    why, where = (match[1], match[2]) if match else (words, "")
    target = where or host_of(url)
    reason = _REFUSALS.get(why, why)
    way = f", to which {host_of(url)} leads," if where and host_of(url) not in where else ""
    return AccessError(
        f"The address {target}{way} is refused: {reason}. Only public web servers are fetched"
        " from.",
        REFUSED,
    )


def check_status(answer: httpx.Response, url: str) -> None:
    """Raise the named error of an answer that is no success.

    Raises:
        AccessError: refused by the guard (`egress_refused`) or by the server.
        SourceNotFoundError: there is nothing.
        FetchFailedError: come back later.
        InputError: anything else.
    """
    status, host = answer.status_code, host_of(str(answer.url))
    if is_from_guard(answer):
        raise proxy_error(answer.reason_phrase, url)
    if status in (200, 206):
        return
    if status in (404, 410):
        raise SourceNotFoundError(f"{host} has nothing at this address ({status}).", "not_found")
    if status in (401, 402, 403):
        raise AccessError(f"{host} refuses access ({status}): it asks for a login or a payment.")
    if status == 451:
        raise AccessError(f"{host} does not show this for legal reasons (451).", "geo_blocked")
    if status == 429:
        raise FetchFailedError(
            f"{host} asks us to slow down (429).", "rate_limited", _wait_s(answer)
        )
    if status >= 500 or status in (408, 425):
        wait_s = _wait_s(answer)
        code = "site_failed" if wait_s else ""
        raise FetchFailedError(f"{host} is out of order ({status}).", code, wait_s)
    raise InputError(f"{host} refuses the request ({status}).", "link_refused")


def is_from_guard(answer: httpx.Response) -> bool:
    """Tell whether the guard itself answered; over TLS it cannot, and others may say the word."""
    return answer.url.scheme == "http" and "proxy-status" in answer.headers


def proxy_error(reason: str, url: str) -> VerityError:
    """Return the error that the guard's own answer stands for.

    Args:
        reason: its reason phrase, such as `egress_refused private_address`.
        url: what was asked for.
    """
    if REFUSED in reason:
        return egress_error(url, reason)
    host = host_of(url)
    if "name_not_found" in reason:
        return SourceNotFoundError(f"There is no host named {host}.", "host_not_found")
    if "cannot_connect" in reason:
        return FetchFailedError(f"{host} takes no connections.")
    return FetchFailedError(f"{host} cannot be reached ({reason}).")


def to_named_error(error: Exception, url: str) -> VerityError:
    """Return our error for one of httpx's."""
    host = host_of(url)
    if isinstance(error, httpx.ProxyError):
        return proxy_error(str(error), url)
    if isinstance(error, httpx.TooManyRedirects):
        return LimitExceededError(f"{host} redirects in a circle.", "too_many_redirects")
    if isinstance(error, httpx.UnsupportedProtocol):
        return egress_error(url, "it leads away from HTTP")
    if isinstance(error, httpx.TimeoutException):
        return FetchFailedError(f"{host} does not answer in time.")
    if isinstance(error, httpx.TransportError):
        return FetchFailedError(f"The connection to {host} broke: {error}")
    return InputError(f"{host} cannot be asked: {error}", "link_invalid")


def host_of(url: str) -> str:
    """Return the host of a URL, for messages: the rest may hold keys."""
    try:
        return httpx.URL(url).host or "the host"
    except httpx.InvalidURL:
        return "the host"


def _wait_s(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return min(float(text), MAX_WAIT_S) if text.isdecimal() else None
