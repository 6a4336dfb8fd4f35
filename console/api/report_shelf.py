"""Reports as the console reads them: parsed once, kept while they are looked at.

A stored report never changes under its key, so nothing here goes stale. What is kept is bounded by the
number of segments: a report of ten hours has 36 000.
"""

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

from jobs.spec import ItemStatus, ReportFile
from pipeline.errors import SourceNotFoundError
from reports.as_json import from_json
from reports.document import ReportDocument, SummaryPart, summary_part
from reports.segment_lanes import SegmentLane, lanes_of
from reports.timeline import CURVE_WINDOW_S
from reports.words import Words
from storage.kept_objects import get_object
from storage.objects import ObjectStore

MOST_SEGMENTS = 100_000
MOST_REPORTS = 64
_JSON = re.compile(r"(?:v(?P<version>\d+)-)?json")


@dataclass(frozen=True, slots=True)
class ReadReport:
    """A report with its segments as columns."""

    document: ReportDocument
    lanes: tuple[SegmentLane, ...]
    end_s: float  # of the last segment

    @property
    def llr_limit(self) -> float:
        """Return the |llr| beyond which the validation supports nothing."""
        verdict = self.document.findings.verdict
        return 0.0 if verdict is None else verdict.llr_limit

    @property
    def window_s(self) -> float:
        """Return how long the stretches are that the detector's card speaks of."""
        method = self.document.method
        return method.thresholds.span_window_s if method else CURVE_WINDOW_S

    def summary(self, words: Words) -> SummaryPart:
        """Return what was found in a language: the sentences of the PDF's first page."""
        return summary_part(self.document.findings, self.document.processing.notes, words)


class ReportShelf:
    """The reports that were read last, for the server's life; several threads may ask."""

    def __init__(self, store: ObjectStore) -> None:
        """Name the store."""
        self._store = store
        self._reports: OrderedDict[str, ReadReport] = OrderedDict()
        self._reading: dict[str, threading.Lock] = {}  # by key
        self._lock = threading.Lock()

    def read(self, item: ItemStatus) -> ReadReport:
        """Return the newest version of an item's report; the caller asked whose item it is.

        Raises:
            SourceNotFoundError: it has none (`report_not_found`).
            ObjectStoreError: the store does not answer.
        """
        file = newest_json(item)
        if file is None:
            raise SourceNotFoundError(f"Item {item.item_id} has no report.", "report_not_found")
        with self._lock:
            reading = self._reading.setdefault(file.key, threading.Lock())
        with reading:  # a page asks five things at once: one of them reads
            with self._lock:
                found = self._reports.get(file.key)
                if found is not None:
                    self._reports.move_to_end(file.key)
                    return found
            report = _read(from_json(get_object(self._store, file.key)))
            with self._lock:
                self._reports[file.key] = report
                self._make_room()
        return report

    def _make_room(self) -> None:
        def n_segments() -> int:
            kept = self._reports.values()
            return sum(len(one.document.findings.segments) for one in kept)

        while len(self._reports) > 1 and (
            len(self._reports) > MOST_REPORTS or n_segments() > MOST_SEGMENTS
        ):
            key, _ = self._reports.popitem(last=False)
            self._reading.pop(key, None)


def newest_json(item: ItemStatus) -> ReportFile | None:
    """Return the JSON of an item's newest version: the first, or one with an examiner's opinion.

    Opinions on what an earlier analysis found (`1a2b3c4d-v2-json`) are versions of another report.
    """
    versions: dict[int, ReportFile] = {}
    for file in item.files:
        if found := _JSON.fullmatch(file.kind):
            versions[int(found["version"] or 1)] = file
    return versions[max(versions)] if versions else None


def _read(document: ReportDocument) -> ReadReport:
    findings = document.findings
    return ReadReport(
        document,
        lanes_of(findings),
        max((row.end_s for row in findings.segments), default=0.0),
    )
