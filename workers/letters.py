"""Notices as e-mails: the words of `reports.letters`, and with a sweep's digest its report as PDF.

The PDF is the one that `verity sweep digest --to` writes: of the run's job, against the run before,
signed where reports are. Where it cannot be made, or is too large for mail servers, the letter says so
and goes without.
"""

import logging
import threading
from datetime import UTC, datetime

from sqlalchemy import Engine

from jobs.delivery import Letter
from jobs.notice_spec import NoticeEvent
from pipeline.errors import VerityError
from reports.as_job_pdf import to_job_pdf
from reports.job_facts import gather
from reports.job_languages import job_words_of
from reports.languages import words_of
from reports.letters import digest_letter, item_letter, job_letter
from reports.pdf_signature import sign_pdf
from storage.job_report_rows import report_snapshot
from storage.notice_rows import DueNotice
from storage.settings import StorageSettings
from workers.site_key import site_key

MOST_ATTACHED_BYTES = 10 << 20  # many servers take 25 MB, of which base64 eats a quarter
LANGUAGE = "en"  # of the letters too

_WORDS = {NoticeEvent.ITEM_SYNTHETIC: item_letter, NoticeEvent.JOB_DONE: job_letter}
_log = logging.getLogger(__name__)


class LetterWriter:
    """Writes the letters of one process; several threads may ask at once."""

    def __init__(self, engine: Engine, storage: StorageSettings | None = None) -> None:
        """Name the database that reports are made from.

        Args:
            engine: of a migrated database.
            storage: says whether attached reports are signed, and with whose key; None: they are not.
        """
        self._engine = engine
        self._storage = storage
        self._guard = threading.Lock()
        self._last: tuple[str, bytes] = ("", b"")  # a digest has several subscribers

    def __call__(self, notice: DueNotice) -> Letter:
        """Return the e-mail of a notice."""
        event = NoticeEvent(notice.event)
        if event is not NoticeEvent.SWEEP_DIGEST:
            return Letter(*_WORDS[event](notice.body))
        subject, text = digest_letter(notice.body)
        job_id = str(notice.body["job_id"])
        try:
            pdf = self._report_of(job_id, notice.body.get("before_job_id"))
        except VerityError as error:
            _log.warning("digest sent without its report: %s", error.message)
            return Letter(subject, f"{text}\nIts report could not be attached ({error.code}).\n")
        if len(pdf) > MOST_ATTACHED_BYTES:
            size = f"{len(pdf) / 1e6:.0f} MB"
            return Letter(subject, f"{text}\nIts report is too large for a letter ({size}).\n")
        attached = (f"verity-{job_id}.pdf", "application/pdf", pdf)
        return Letter(subject, text, (attached,))

    def _report_of(self, job_id: str, before_job_id: str | None) -> bytes:
        """Return the report of a run's job; the last one is remembered.

        Raises:
            VerityError: the job is gone, the database does not answer, or the site's key is not there.
        """
        with self._guard:
            if self._last[0] == job_id:
                return self._last[1]
            pdf = run_report(self._engine, self._storage, job_id, before_job_id)
            self._last = (job_id, pdf)
            return pdf


def run_report(
    engine: Engine,
    storage: StorageSettings | None,
    job_id: str,
    before_job_id: str | None,
    language: str = LANGUAGE,
) -> bytes:
    """Return the report of a run's job against the run before, as PDF, signed where reports are.

    Raises:
        VerityError: the job is gone, the database does not answer, or the site's key is not there.
    """
    against = None if before_job_id is None else int(before_job_id)
    with report_snapshot(engine) as connection:
        report = gather(connection, int(job_id), datetime.now(UTC), against)
    pdf = to_job_pdf(report, job_words_of(language), words_of(language))
    key = None if storage is None else site_key(storage)
    return pdf if key is None else sign_pdf(pdf, key)
