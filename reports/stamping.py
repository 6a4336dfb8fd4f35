"""Have the files of a report stamped by every authority that is configured, and go on without it.

JSON: each authority stamps the signature beside it, `X.json.jws`, which covers the JSON: what is
shown is that report and signature existed. PDF: document time stamps, one after the other. An
authority that is away is left alone for a while; the report is written and says which stamp it lacks,
and can be stamped later (`verity stamp`).
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import httpx

from pipeline.errors import OutageError
from reports.pdf_stamps import stamp_pdf
from reports.rendering import RenderedFile
from reports.time_stamps import STAMP_FAILED, Authority
from storage.egress import EgressGuard
from storage.egress_policy import EgressPolicy

TIMEOUT_S = 10.0  # of one request
REST_S = 60.0  # an authority that failed is not asked again for so long
MAX_ANSWER_BYTES = 1 << 17
CONTENT_TYPE = "application/timestamp-reply"
_QUERY_TYPE = "application/timestamp-query"
_log = logging.getLogger(__name__)


class Stamper:
    """Asks authorities, and remembers which of them are away."""

    def __init__(
        self,
        authorities: Sequence[Authority],
        clock: Callable[[], float] = time.monotonic,
        rest_s: float = REST_S,
    ) -> None:
        """Name the authorities, in the order in which they are asked."""
        self._authorities = tuple(authorities)
        self._clock = clock
        self._rest_s = rest_s
        self._away_until: dict[str, float] = {}

    @property
    def n_authorities(self) -> int:
        """Return how many are asked."""
        return len(self._authorities)

    def stamp_bytes(self, content: bytes) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
        """Return a response for each authority that gave one, and what went wrong with the others."""
        return self._ask_all(lambda authority: authority.stamp(content))

    def stamp_pdf(self, pdf: bytes) -> tuple[bytes, tuple[str, ...]]:
        """Return the PDF with a stamp of each authority that gave one, and what went wrong."""
        newest = [pdf]

        def stamp(authority: Authority) -> bytes:
            newest[0] = stamp_pdf(newest[0], authority)
            return newest[0]

        _, problems = self._ask_all(stamp)
        return newest[0], problems

    def stamp_files(
        self, files: Sequence[RenderedFile]
    ) -> tuple[tuple[RenderedFile, ...], tuple[str, ...]]:
        """Return the files of a report with their stamps, and what went wrong, each thing once."""
        stamped: list[RenderedFile] = []
        problems: list[str] = []
        for file in files:
            if file.kind == "jws":
                responses, missed = self.stamp_bytes(file.content)
                stamped.append(file)
                stamped += [
                    RenderedFile(kind, f"{file.ending}{ending}", CONTENT_TYPE, response)
                    for (kind, ending), response in zip(_names(), responses, strict=False)
                ]
            elif file.kind == "pdf":
                content, missed = self.stamp_pdf(file.content)
                stamped.append(replace(file, content=content))
            else:
                stamped.append(file)
                continue
            problems += missed
        return tuple(stamped), tuple(dict.fromkeys(problems))

    def _ask_all(
        self, ask: Callable[[Authority], bytes]
    ) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
        given: list[bytes] = []
        problems: list[str] = []
        for authority in self._authorities:
            if self._clock() < self._away_until.get(authority.url, float("-inf")):
                problems.append(f"The time stamp authority {authority.url} is away.")
                continue
            try:
                given.append(ask(authority))
            except OutageError as error:
                _log.warning("time stamp missing: %s", error.message)
                self._away_until[authority.url] = self._clock() + self._rest_s
                problems.append(error.message)
        return tuple(given), tuple(problems)


@contextmanager
def open_stamper(urls: Sequence[str], policy: EgressPolicy) -> Iterator[Stamper]:
    """Yield a stamper whose requests leave through a guard of its own.

    Args:
        urls: of the authorities.
        policy: of the guard: which addresses are open.
    """
    with (
        EgressGuard(policy) as guard,
        httpx.Client(
            proxy=guard.proxy_url, trust_env=False, timeout=TIMEOUT_S, follow_redirects=False
        ) as client,
    ):

        def post(url: str, request: bytes) -> bytes:
            return _post(client, url, request)

        yield Stamper([Authority(url, post) for url in urls])


def _post(client: httpx.Client, url: str, request: bytes) -> bytes:
    deadline = time.monotonic() + TIMEOUT_S  # a byte now and then is no answer either
    answer = bytearray()
    try:
        with client.stream(
            "POST", url, content=request, headers={"Content-Type": _QUERY_TYPE}
        ) as response:
            if response.status_code != httpx.codes.OK:
                raise _failed(url, f"answered {response.status_code}")
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                    raise _failed(url, "sent too much, or too slowly")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failed(url, "did not answer") from error
    return bytes(answer)


def _failed(url: str, what: str) -> OutageError:
    return OutageError(f"The time stamp authority {url} {what}: stamp later.", STAMP_FAILED)


def _names() -> Iterator[tuple[str, str]]:
    """Yield kind and ending of the first stamp, of the second, and so on."""
    yield "tsr", ".tsr"
    number = 1
    while True:
        number += 1
        yield f"tsr-{number}", f".{number}.tsr"
