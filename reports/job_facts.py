"""A job in the database -> JobReport: what its report says, bounded however many items there are.

Lists are cut at numbers of their own and say how many there are in all; whoever wants every row takes
the spreadsheet. Everything is read from one snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import VerdictKind
from reports.job_groups import AlikeGroup, join_pairs
from reports.job_heat import HeatMap, heat_map_of
from storage.job_likeness_rows import alike_synthesis, near_recordings
from storage.job_report_rows import (
    ChangedLine,
    ItemLine,
    SameBytes,
    Tally,
    changed_lines,
    count_changes,
    count_known_bytes,
    job_before,
    same_bytes,
    strongest_lines,
    tallies,
)
from storage.job_rows import JobFacts, read_job
from storage.search_trust import ALIKE_FROM, SearchTrust, read_trust

JUDGED = (VerdictKind.SYNTHETIC, VerdictKind.PARTLY_SYNTHETIC, VerdictKind.NO_EVIDENCE,
          VerdictKind.INCONCLUSIVE)  # fmt: skip
MOST_ALIKE = 5_000  # of the strongest findings that are compared for manners of synthesis
RATES_FROM = 200  # item reports that the expected errors are taken from


@dataclass(frozen=True, slots=True)
class ListSizes:
    """How much of each list stands in the PDF and the JSON."""

    strongest: int = 50
    groups: int = 20
    changes: int = 40


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs from an earlier job of the account."""

    before: JobFacts
    counts: dict[str, int]  # by change, `same` among them
    first: tuple[ChangedLine, ...]


@dataclass(frozen=True, slots=True)
class SameFiles:
    """Items that are the same file."""

    n_groups: int
    n_items: int
    n_known_before: int  # items of the job that earlier jobs had analysed
    first: tuple[SameBytes, ...]


@dataclass(frozen=True, slots=True)
class JobReport:
    """What the report of a job says."""

    report_id: str
    issued_at: datetime
    job: JobFacts
    tallies: tuple[Tally, ...]
    strongest: tuple[ItemLine, ...]
    heat_map: HeatMap | None  # None: no item was analysed
    same_files: SameFiles
    near: tuple[AlikeGroup, ...]  # perhaps the same recording; all groups
    alike: tuple[AlikeGroup, ...]  # perhaps made alike; all groups
    n_compared: int  # of the strongest findings that were looked through for the latter
    expected_false: float | None  # of judged items, called synthetic if all were spoken by persons
    trust: SearchTrust | None
    comparison: Comparison | None
    titles: dict[int, str]  # of items that stand in groups

    def count(self, state: str, *verdicts: VerdictKind) -> int:
        """Return how many items have a state and, where given, one of the verdicts."""
        names = {kind.value for kind in verdicts}
        return sum(
            row.n_items
            for row in self.tallies
            if row.state == state and (not names or row.verdict in names)
        )

    @property
    def n_items(self) -> int:
        """The items of the job, as far as its sources were listed."""
        return sum(row.n_items for row in self.tallies)

    @property
    def n_judged(self) -> int:
        """The items that have voice and an answer, even an open one."""
        return self.count("done", *JUDGED)

    @property
    def n_found(self) -> int:
        """The items with evidence of synthesis, in whole or in part."""
        return self.count("done", VerdictKind.SYNTHETIC, VerdictKind.PARTLY_SYNTHETIC)


def gather(
    connection: Connection,
    job_id: int,
    issued_at: datetime,
    against: int | None = None,
    sizes: ListSizes | None = None,
) -> JobReport:
    """Return a job's report.

    Args:
        connection: of `storage.job_report_rows.report_snapshot`.
        job_id: whose.
        issued_at: when, with a time zone.
        against: the job to compare with; None: the one before, where there is one.
        sizes: of the lists.

    Raises:
        SourceNotFoundError: there is no such job.
        InputError: the job to compare with belongs to another account, or is this one.
    """
    sizes = sizes or ListSizes()
    job = read_job(connection, job_id)
    if job is None:
        raise SourceNotFoundError(f"There is no job {job_id}.", "job_not_found")
    counted = tuple(tallies(connection, job_id))
    near = join_pairs(near_recordings(connection, job_id))
    alike = join_pairs(alike_synthesis(connection, job_id, ALIKE_FROM, MOST_ALIKE))
    report = JobReport(
        report_id=f"job-{job_id}-{issued_at:%Y%m%dT%H%M%SZ}",
        issued_at=issued_at,
        job=job,
        tallies=counted,
        strongest=tuple(strongest_lines(connection, job_id, sizes.strongest)),
        heat_map=heat_map_of(connection, job_id),
        same_files=_same_files(connection, job_id, sizes.groups),
        near=near,
        alike=alike,
        n_compared=0,
        expected_false=None,
        trust=_trust(connection, job_id),
        comparison=_comparison(connection, job, against, sizes.changes),
        titles=_titles(connection, (*near[: sizes.groups], *alike[: sizes.groups])),
    )
    return _with_counts(connection, report)


def _with_counts(connection: Connection, report: JobReport) -> JobReport:
    rate = connection.scalar(_RATE, {"job_id": report.job.job_id, "most": RATES_FROM})
    return replace(
        report,
        n_compared=min(report.n_found, MOST_ALIKE),
        expected_false=None if rate is None else float(rate) * report.n_judged,
    )


# a few documents stand for all: reading 100 000 of them would take minutes
_RATE = text("""
SELECT avg((r.document #>> '{findings,verdict,error_rates,bonafide_rejected_rate}')::float8)
FROM (
    SELECT document FROM report WHERE job_id = :job_id
      AND document #>> '{findings,verdict,error_rates,bonafide_rejected_rate}' IS NOT NULL
    ORDER BY item_id LIMIT :most
) r
""")
_TITLES = text("SELECT item_id, title FROM any_item WHERE item_id = ANY(:items)")
_MODEL = text("""
SELECT m.name FROM analysis a JOIN model m ON m.sha256 = a.detector
WHERE a.job_id = :job_id GROUP BY m.name ORDER BY count(*) DESC LIMIT 1
""")


def _trust(connection: Connection, job_id: int) -> SearchTrust | None:
    name = connection.scalar(_MODEL, {"job_id": job_id})
    return None if name is None else read_trust(name)


def _same_files(connection: Connection, job_id: int, most: int) -> SameFiles:
    first: list[SameBytes] = []
    n_groups = n_items = 0
    for group in same_bytes(connection, job_id):
        n_groups += 1
        n_items += group.n_items
        if len(first) < most:
            first.append(group)
    return SameFiles(n_groups, n_items, count_known_bytes(connection, job_id), tuple(first))


def _comparison(
    connection: Connection, job: JobFacts, against: int | None, most: int
) -> Comparison | None:
    before_id = job_before(connection, job.job_id) if against is None else against
    if before_id is None:
        return None
    before = read_job(connection, before_id)
    if before is None or before.account_id != job.account_id:  # walls: neither is told of the other
        raise SourceNotFoundError(f"There is no job {before_id} to compare with.", "job_not_found")
    if before.job_id == job.job_id:
        raise InputError(
            f"Job {before_id} cannot be compared with itself: name another one with --against.",
            "input_invalid",
        )
    first: list[ChangedLine] = []
    for line in changed_lines(connection, job.job_id, before_id):
        first.append(line)
        if len(first) >= most:
            break
    return Comparison(before, count_changes(connection, job.job_id, before_id), tuple(first))


def _titles(connection: Connection, groups: Sequence[AlikeGroup]) -> dict[int, str]:
    wanted = sorted({group.item_ids[0] for group in groups})
    return {row.item_id: row.title for row in connection.execute(_TITLES, {"items": wanted})}
