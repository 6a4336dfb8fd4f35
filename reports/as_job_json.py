"""JobReport -> JSON: what stands in the report of a job, for programs; bounded as the PDF is."""

import dataclasses
import json
from datetime import datetime
from enum import Enum

from reports.job_facts import JobReport
from reports.job_groups import AlikeGroup
from reports.outside_text import storable

SCHEMA = "verity-job-report-1"
MOST_GROUPS = 1_000  # of each kind; the spreadsheet has all
MOST_NUMBERS = 100  # of items of one group


def to_job_json(report: JobReport) -> bytes:
    """Return the report as JSON in UTF-8, keys sorted: the same report gives the same bytes."""
    document = {
        "schema": SCHEMA,
        "report_id": report.report_id,
        "issued_at": report.issued_at,
        "job": dataclasses.asdict(report.job),
        "n_items": report.n_items,
        "n_judged": report.n_judged,
        "n_found": report.n_found,
        "expected_false": report.expected_false,
        "tallies": [dataclasses.asdict(row) for row in report.tallies],
        "strongest": [dataclasses.asdict(row) for row in report.strongest],
        "same_files": dataclasses.asdict(report.same_files),
        "near": _groups(report.near),
        "alike": _groups(report.alike),
        "n_compared": report.n_compared,
        "trust": None if report.trust is None else dataclasses.asdict(report.trust),
        "comparison": None
        if report.comparison is None
        else {
            "before": report.comparison.before.job_id,
            "counts": report.comparison.counts,
            "first": [dataclasses.asdict(line) for line in report.comparison.first],
        },
        "heat_map": None
        if report.heat_map is None
        else {
            "cell_s": report.heat_map.cell_s,
            "rows": [
                {**dataclasses.asdict(row.bin), "colours": row.colours}
                for row in report.heat_map.rows
            ],
        },
    }
    text = json.dumps(_plain(document), ensure_ascii=False, sort_keys=True, indent=1)
    return text.encode() + b"\n"


def _groups(groups: tuple[AlikeGroup, ...]) -> dict[str, object]:
    shown = [dataclasses.asdict(group) for group in groups[:MOST_GROUPS]]
    for group in shown:
        group["n_items"] = len(group["item_ids"])
        group["item_ids"] = group["item_ids"][:MOST_NUMBERS]
    return {"n_groups": len(groups), "first": shown}


def _plain(value: object) -> object:
    """Return what JSON can hold: times in ISO 8601, text that UTF-8 can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return storable(value) if isinstance(value, str) else value
