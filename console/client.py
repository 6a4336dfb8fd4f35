"""A typed client of the HTTP API: the same models as the server, errors with the server's codes.

with Client("https://verity.example.org", key) as verity:
    job = verity.wait(verity.submit(["https://example.org/podcast.xml"]).job_id)
    for item in verity.items(job.job_id):
        print(item.title, item.verdict, item.llr)
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from console.api.item_values import (
    LAST_S,
    MOST_ROWS,
    FindingShown,
    RowPage,
    RowShown,
    TimelineShown,
)
from console.api.job_options import JobOptions
from console.api.routes_estimate import EstimateBody, Estimated
from console.api.routes_item_voices import Agreement, FeedbackBody, ItemFeedback
from console.api.routes_items import ItemDetail, ItemShown
from console.api.routes_job_reports import JobReportWishes
from console.api.routes_jobs import (
    ItemPage,
    JobBody,
    JobDetail,
    JobPage,
    JobShown,
    JobWishes,
    PriorityBody,
    PriorityName,
)
from console.api.routes_people import Me
from console.api.routes_predict import Predicted
from console.api.routes_search import FoundItem, FoundPage
from console.api.routes_sweeps import RunShown, SweepBody, SweepShown
from console.api.routes_uploads import UploadPage, UploadShown
from console.api.routes_usage import UsageShown
from console.received import error_of, save
from console.sending import send_file
from pipeline.errors import OutageError

TIMEOUT_S = 60.0  # a long file that is sent to `predict` may need more
JOB_REPORT_S = 600.0  # one of 100 000 items takes a minute to write, or two
SILENCE_S = 40.0  # the server says something every 15 s
PAUSE_S = 2.0
Shown = TypeVar("Shown", bound=BaseModel)
Page = TypeVar("Page", UploadPage, JobPage, ItemPage, FoundPage)


class Client:
    """One account, by one key; close it, or use it in a `with`."""

    def __init__(self, url: str, key: str, timeout_s: float = TIMEOUT_S) -> None:
        """Connect when the first question is asked.

        Args:
            url: of the server, such as https://verity.example.org.
            key: `vv_...`, from the page "Keys".
            timeout_s: how long an answer may take.
        """
        self._http = httpx.Client(
            base_url=url.rstrip("/") + "/v1",
            headers={"authorization": f"Bearer {key}"},
            timeout=timeout_s,
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # every method raises VerityError with the problem's code, and OutageError where nobody answers

    def me(self) -> Me:
        """Return whose key this is, and what it may do."""
        return self._ask(Me, "GET", "/me")

    def usage(self, days: int = 30) -> UsageShown:
        """Return what the account may use and used."""
        return self._ask(UsageShown, "GET", "/usage", params={"days": days})

    def predict(self, path: Path, language: str = "en") -> Predicted:
        """Return what is found in a file, at once."""
        with path.open("rb") as file:
            asked = {"name": path.name, "language": language}
            return self._ask(Predicted, "POST", "/predict", params=asked, content=file)

    def predict_link(self, url: str, language: str = "en") -> Predicted:
        """Return what is found in the first recording behind a link, at once."""
        asked = {"language": language}
        return self._ask(Predicted, "POST", "/predict/link", params=asked, json={"url": url})

    def submit(
        self,
        sources: Sequence[str],
        name: str = "",
        wishes: JobWishes | None = None,
        *,
        idempotency_key: str = "",
    ) -> JobShown:
        """Queue a job.

        Args:
            sources: links, feeds, playlists, s3://bucket/prefix, `source` of an upload.
            name: for people.
            wishes: how it is done: priority, what is new, cookies of sites, how long media are kept.
            idempotency_key: the same key and request make one job within a day.
        """
        body = JobBody(sources=list(sources), name=name, **_said(wishes))
        return self._ask(
            JobShown,
            "POST",
            "/jobs",
            json=body.to_wire(),
            headers={"idempotency-key": idempotency_key or uuid4().hex},
        )

    def estimate(self, sources: Sequence[str], seconds: float = 10.0) -> Estimated:
        """Return what a job of these sources would be: items, bytes, minutes."""
        body = EstimateBody(sources=list(sources), seconds=seconds)
        return self._ask(Estimated, "POST", "/jobs/estimate", json=body.model_dump(mode="json"))

    def upload(self, path: Path, name: str = "", upload_id: str = "") -> UploadShown:
        """Send a file of any size, going on where a broken line stopped.

        Args:
            path: the file.
            name: as it is to be called; "" = its own name.
            upload_id: of an upload of this file that was begun before; "" = a new one.
        """
        sent = send_file(self._get, path, name, upload_id)
        return self._ask(UploadShown, "GET", f"/uploads/{sent}")

    def uploads(self) -> Iterator[UploadShown]:
        """Yield the account's uploads, the newest first."""
        for page in self._pages(UploadPage, "/uploads", "before", {}):
            yield from page.uploads

    def remove_upload(self, upload_id: str) -> None:
        """Remove an upload that no open job names."""
        self._get("DELETE", f"/uploads/{upload_id}")

    def submit_files(
        self,
        paths: Sequence[Path],
        links: Sequence[str] = (),
        name: str = "",
        wishes: JobWishes | None = None,
    ) -> JobShown:
        """Send files, and queue a job of them and of links."""
        return self.submit([*(self.upload(path).source for path in paths), *links], name, wishes)

    def job(self, job_id: str) -> JobDetail:
        """Return a job as it stands, with what its items came to so far."""
        return self._ask(JobDetail, "GET", f"/jobs/{job_id}")

    def set_priority(self, job_id: str, priority: PriorityName) -> JobShown:
        """Let a job go before or behind others."""
        body = PriorityBody(priority=priority).model_dump(mode="json")
        return self._ask(JobShown, "PUT", f"/jobs/{job_id}/priority", json=body)

    def jobs(self) -> Iterator[JobShown]:
        """Yield the account's jobs, the newest first."""
        for page in self._pages(JobPage, "/jobs", "before", {}):
            yield from page.jobs

    def cancel(self, job_id: str) -> JobShown:
        """Cancel a job."""
        return self._ask(JobShown, "POST", f"/jobs/{job_id}/cancel")

    def pause(self, job_id: str) -> JobShown:
        """Pause a job."""
        return self._ask(JobShown, "POST", f"/jobs/{job_id}/pause")

    def resume(self, job_id: str) -> JobShown:
        """Let a paused job go on."""
        return self._ask(JobShown, "POST", f"/jobs/{job_id}/resume")

    def retry(self, job_id: str) -> JobShown:
        """Queue a job's failed items again."""
        return self._ask(JobShown, "POST", f"/jobs/{job_id}/retry")

    def wait(self, job_id: str, timeout_s: float = 3600.0) -> JobDetail:
        """Return a job when it is over, following its events.

        Raises:
            TimeoutError: it is not over in time; it goes on.
        """
        until = time.monotonic() + timeout_s
        while True:
            for job in self.watch(job_id):
                if job.is_over:
                    return job
                if time.monotonic() > until:
                    raise TimeoutError(f"Job {job_id} is not over after {timeout_s:.0f} s.")
            time.sleep(PAUSE_S)  # the server ended, or has followed for long enough

    def watch(self, job_id: str) -> Iterator[JobDetail]:
        """Yield a job whenever it has changed, until it is over or the server ends the stream."""
        path = f"/jobs/{job_id}/events"
        try:
            with self._http.stream("GET", path, timeout=SILENCE_S) as answer:
                if answer.is_error:
                    raise error_of(answer)
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        yield JobDetail.model_validate_json(line.removeprefix("data:"))
        except httpx.TransportError:
            yield self.job(job_id)

    def items(
        self, job_id: str, *, show: str = "", order: str = "listed", search: str = ""
    ) -> Iterator[ItemShown]:
        """Yield a job's items.

        Args:
            job_id: whose.
            show: a finding (`synthetic`), or a state (`failed`); "": all.
            order: `listed`, `title`, or by LLR: `lowest`, `highest`.
            search: part of a title.
        """
        wanted = {"show": show, "order": order, "search": search, "most": "500"}
        for page in self._pages(ItemPage, f"/jobs/{job_id}/items", "after", wanted):
            yield from page.items

    def search(self, words: str = "", show: str = "") -> Iterator[FoundItem]:
        """Yield items of all jobs by a part of name or address, or by SHA-256; by finding or state."""
        for page in self._pages(FoundPage, "/items", "after", {"search": words, "show": show}):
            yield from page.items

    def item(self, item_id: str) -> ItemDetail:
        """Return one item, with what was scored so far while it is analysed (never a result)."""
        return self._ask(ItemDetail, "GET", f"/items/{item_id}")

    def finding(self, item_id: str, language: str = "en") -> FindingShown:
        """Return what was found in an item, in words."""
        asked = {"language": language}
        return self._ask(FindingShown, "GET", f"/items/{item_id}/finding", params=asked)

    def timeline(
        self, item_id: str, from_s: float = 0.0, to_s: float = LAST_S, cells: int = 240
    ) -> TimelineShown:
        """Return a stretch of an item's timeline, in at most so many cells."""
        asked = {"from_s": from_s, "to_s": to_s, "cells": cells}
        return self._ask(TimelineShown, "GET", f"/items/{item_id}/timeline", params=asked)

    def segments(
        self, item_id: str, from_s: float = 0.0, to_s: float = LAST_S, language: str = "en"
    ) -> Iterator[RowShown]:
        """Yield the segments that begin between two times, page by page."""
        at: float | None = from_s
        while at is not None:
            asked = {"from_s": at, "to_s": to_s, "most": MOST_ROWS, "language": language}
            page = self._ask(RowPage, "GET", f"/items/{item_id}/segments", params=asked)
            yield from page.rows
            at = page.next_s

    def give_feedback(self, item_id: str, opinion: Agreement, why: str = "") -> ItemFeedback:
        """Say what the key's owner thinks of a finding, in place of what they said before."""
        body = FeedbackBody(opinion=opinion, why=why).model_dump(mode="json")
        return self._ask(ItemFeedback, "PUT", f"/items/{item_id}/feedback", json=body)

    def feedback(self, item_id: str) -> ItemFeedback:
        """Return what the account's people said of an item."""
        return self._ask(ItemFeedback, "GET", f"/items/{item_id}/feedback")

    def look_closer(self, item_id: str, hop_s: float = 0.25, model: str = "") -> JobShown:
        """Analyse an item again as a job of its own, with segments that lie closer.

        Args:
            item_id: the item.
            hop_s: seconds between segments.
            model: a detector of `models`, by name or SHA-256; "" = the one that the fleet runs.
        """
        body = {"hop_s": hop_s, "model": model}
        return self._ask(JobShown, "POST", f"/items/{item_id}/closer", json=body)

    def download(self, item_id: str, kind: str, path: Path) -> Path:
        """Write a file of an item's report (json, pdf, csv, clip-12, v2-pdf) and return its path."""
        path.write_bytes(self._get("GET", f"/items/{item_id}/report.{kind}").content)
        return path

    def download_job(
        self, job_id: str, kind: str, path: Path, wishes: JobReportWishes | None = None
    ) -> Path:
        """Write a file of a job's report and return its path; a large job's takes minutes.

        Args:
            job_id: whose.
            kind: pdf, json, xlsx, csv, a signature (json.jws), or zip: everything, signed as a whole.
            path: of the file; left as it is where the report does not come whole.
            wishes: language, paper, the job to compare with, and whether items' reports are in the zip.
        """
        asked = {} if wishes is None else wishes.model_dump(mode="json")
        place = f"/jobs/{job_id}/report.{kind}"
        try:
            with self._http.stream("GET", place, params=asked, timeout=JOB_REPORT_S) as answer:
                return save(answer, path)
        except httpx.TransportError as error:
            raise OutageError(f"The server did not answer: {error}", "server_silent") from error

    def report_link(self, item_id: str, kind: str) -> str:
        """Return a link to a report that needs no key, good for five minutes; "" without S3."""
        asked = {"presigned": "1"}
        answer = self._get("GET", f"/items/{item_id}/report.{kind}", params=asked)
        return str(answer.headers.get("location", ""))

    def sweeps(self) -> list[SweepShown]:
        """Return the account's sweeps."""
        answer = self._get("GET", "/sweeps")
        return TypeAdapter(list[SweepShown]).validate_json(answer.content)

    def add_sweep(
        self,
        cron: str,
        sources: Sequence[str],
        name: str = "",
        timezone: str = "UTC",
        options: JobOptions | None = None,
    ) -> SweepShown:
        """Make a sweep; its first run is at its next time."""
        body = SweepBody(
            cron=cron, timezone=timezone, name=name, sources=list(sources), **_said(options)
        )
        return self._ask(SweepShown, "POST", "/sweeps", json=body.to_wire())

    def run_sweep(self, sweep_id: str) -> RunShown:
        """Submit a sweep's job now, beside its schedule."""
        return self._ask(RunShown, "POST", f"/sweeps/{sweep_id}/run")

    def remove_sweep(self, sweep_id: str) -> None:
        """Let a sweep have no run any more."""
        self._get("DELETE", f"/sweeps/{sweep_id}")

    # inside

    def _pages(
        self, kind: type[Page], path: str, place: str, wanted: Mapping[str, str]
    ) -> Iterator[Page]:
        """Yield a list's pages; `place` is the parameter that says where the next one begins."""
        asked = dict(wanted)
        while True:
            page = self._ask(kind, "GET", path, params=asked)
            yield page
            if page.next is None:
                return
            asked[place] = page.next

    def _ask(self, answered: type[Shown], method: str, path: str, **request: Any) -> Shown:  # noqa: ANN401 (as httpx takes it)
        answer = self._get(method, path, **request)
        try:
            return answered.model_validate_json(answer.content)
        except ValidationError as error:
            raise OutageError("The answer is not one of Voice Verity.", "answer_odd") from error

    def _get(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 (as httpx takes it)
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise OutageError(f"The server did not answer: {error}", "server_silent") from error
        if answer.is_error:
            raise error_of(answer)
        return answer


def _said(options: JobOptions | None) -> dict[str, Any]:
    return (
        {}
        if options is None
        else {name: getattr(options, name) for name in type(options).model_fields}
    )
