"""Writes items as the fleet's writer does, and times each step: a process of `bench.writer`.

Runs as a file with another checkout's packages too (`python -P`), so that two versions can take turns.
Each line that it reads names a kind of item and how many of it; it answers with a line of JSON: CPU
milliseconds of each step, for each item.
"""

import json
import os
import pickle
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from jobs.spec import AttemptEnd, ItemClaim, ItemKind, ItemResult, JobSpec, NewItem, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.model_card import ModelCard
from pipeline.vocabulary import MediaReport
from reports.as_pdf import Attached, to_pdf
from reports.custody_parts import signer_of_key
from reports.document import ReportContext, ReportDocument, to_document
from reports.json_signature import sign_json
from reports.pdf_signature import sign_pdf
from reports.signing_keys import SigningKey, create_key
from storage.database import connect_engine
from storage.kept_objects import put_objects
from storage.objects import ObjectStore, open_object_store
from storage.settings import StorageSettings
from workers.basis import basis_of

Analysed: TypeAlias = tuple[dict[str, list[MediaReport]], ModelCard]  # by kind of item
LEASE_S = 3_600.0
_AHEAD = 50  # items that are claimed at once
_TYPES = {
    "json": "application/json",
    "jws": "application/jose",
    "pdf": "application/pdf",
    "csv": "text/csv",
}


@dataclass(slots=True)
class Clock:
    """CPU milliseconds of the steps of one item."""

    steps_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step, with all threads of the process."""
        began = time.process_time()
        yield
        self.steps_ms[name] = 1000 * (time.process_time() - began)


class Rounds:
    """One version's writer, on servers that it is told of by its environment."""

    def __init__(self, analysed: Analysed) -> None:
        """Connect, and submit a job of its own."""
        settings = StorageSettings.from_env(os.environ)  # noqa: TID251 (a program of its own)
        url = settings.database_url
        assert url is not None, "the bench names it"
        self._reports, self._card = analysed
        self._engine = connect_engine(url.get_secret_value(), kept=2)
        self._store: ObjectStore = open_object_store(settings)
        self._queue = WorkQueue(self._engine, LEASE_S, may_listen=False)
        self._key: SigningKey = create_key(Path(settings.var_folder) / "keys", "bench")
        self._n_written = 0
        self._claims: list[ItemClaim] = []

    def write(self, kind: str, n_items: int) -> list[dict[str, float]]:
        """Write so many items of a kind, each another one; return what each took."""
        return [self._item(kind) for _ in range(n_items)]

    def _item(self, kind: str) -> dict[str, float]:
        claim = self._claim()
        reports = self._reports[kind]
        report = reports[self._n_written % len(reports)]
        report = replace(
            report,
            item=replace(
                report.item, item_id=claim.item_id, job_id=claim.job_id, title=claim.title
            ),
        )
        clock = Clock()
        with clock.step("document"):
            document = to_document(report, self._card, self._context(claim))
        files = self._files(document, clock)
        with clock.step("put"):
            contents = [(content, _TYPES[kind]) for kind, content in files.items()]
            kept = put_objects(self._engine, self._store, claim.account_id, contents)
            named = tuple(
                ReportFile(name, it.key, it.sha256, it.size_bytes, f"report.{name}", _TYPES[name])
                for name, it in zip(files, kept, strict=True)
            )
        with clock.step("end"):
            basis = basis_of(report.models, report.options) if report.verdict else ""
            sha256 = document.findings_sha256
            self._end(claim, ItemResult(report, files["json"], sha256, named, basis))
        self._n_written += 1
        return clock.steps_ms

    def _files(self, document: ReportDocument, clock: Clock) -> dict[str, bytes]:
        """Return what `reports.rendering.render` does, step by step."""
        with clock.step("JSON, CSV"):
            attached = Attached.of(document)
        with clock.step("PDF"):
            pdf = to_pdf(document, attached=attached)
        with clock.step("sign JSON"):
            token = sign_json(attached.json, self._key)
        with clock.step("sign PDF"):
            pdf = sign_pdf(pdf, self._key)
        return {"json": attached.json, "jws": token, "pdf": pdf, "csv": attached.csv}

    def _end(self, claim: ItemClaim, result: ItemResult) -> None:
        failure = result.report.failure
        if failure is None:
            self._queue.finish(claim, result)
        else:
            self._queue.fail(claim, failure, AttemptEnd.FAILED, None, result)

    def _context(self, claim: ItemClaim) -> ReportContext:
        job = self._queue.desk.job_status(claim.job_id)
        return ReportContext(
            report_id=f"{claim.job_id}-{claim.item_id}-{claim.attempt}",
            attempt=claim.attempt,
            issued_at=datetime.now(UTC),
            customer=claim.account_id,
            job_name=job.name,
            requested_at=job.created_at,
            signer=signer_of_key(self._key),
        )

    def _claim(self) -> ItemClaim:
        if not self._claims:
            job = self._queue.desk.submit(JobSpec(sources=("https://media.example/feed",)))
            (listing,) = self._queue.claim("bench", kind=ItemKind.LIST)
            names = [f"{job.job_id}-{number}.mp3" for number in range(_AHEAD)]
            self._queue.add_items(
                listing, [NewItem(f"s3://media/{name}", name, name) for name in names]
            )
            self._queue.finish(listing)
            self._claims = self._queue.claim("bench", limit=_AHEAD, kind=ItemKind.MEDIA)
        return self._claims.pop()


def main() -> None:
    """Answer line by line until there are no more."""
    rounds = Rounds(pickle.loads(Path(sys.argv[1]).read_bytes()))  # noqa: S301 (the bench's own)
    for line in sys.stdin:
        kind, n_items = json.loads(line)
        print(json.dumps(rounds.write(kind, n_items)), flush=True)


if __name__ == "__main__":
    main()
