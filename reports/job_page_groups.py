"""Which items of a job belong together, and what differs from the job before, as plain data."""

from collections.abc import Sequence

from reports.canonical_json import Json
from reports.job_facts import Comparison, JobReport, ListSizes
from reports.job_groups import AlikeGroup
from reports.job_words import JobWords
from reports.page_rows import cut_title
from reports.quantities import grouped, in_100

MOST_NUMBERS = 12  # of a group's items


def duplicates_part(report: JobReport, said: JobWords) -> Json:
    """Return items that are the same file, byte for byte."""
    same = report.same_files
    lines: list[Json] = []
    if same.n_groups:
        lines.append(
            said.sentences["duplicates"].format(
                items=grouped(same.n_items), groups=grouped(same.n_groups)
            )
        )
    else:
        lines.append(said.sentences["none_alike"])
    if same.n_known_before:
        lines.append(said.sentences["known"].format(n=grouped(same.n_known_before)))
    rows: list[Json] = [
        [
            grouped(group.n_items),
            _numbers(group.item_ids, group.n_items),
            cut_title(group.title),
            group.sha256[:16] + "…",
        ]
        for group in same.first
    ]
    return {"lines": lines, "rows": rows, "more": _more(same.n_groups - len(rows), said)}


def near_part(report: JobReport, said: JobWords, sizes: ListSizes) -> Json:
    """Return items that are perhaps the same recording, and how far to trust that."""
    lines: list[Json] = [said.sentences["none_alike"]]
    if report.near:
        n_items = sum(len(group.item_ids) for group in report.near)
        lines = [
            said.sentences["near"].format(items=grouped(n_items), groups=grouped(len(report.near)))
        ]
    trust = report.trust
    if trust is None:
        lines.append(said.sentences["not_measured"])
    else:
        kept = ", ".join(
            f"{said.copies.get(name, name)} {in_100(share)}" for name, share in trust.near_kept
        )
        lines.append(
            said.sentences["near_trust"].format(
                kept=kept, strangers=f"{trust.near_strangers * 100:.1f}"
            )
        )
    return _group_part(report.near, lines, report, said, sizes)


def alike_part(report: JobReport, said: JobWords, sizes: ListSizes) -> Json:
    """Return items that are perhaps made alike, and how far to trust that."""
    lines: list[Json] = [said.sentences["none_alike"]]
    if report.alike:
        n_items = sum(len(group.item_ids) for group in report.alike)
        lines = [
            said.sentences["alike"].format(
                n=grouped(report.n_compared),
                items=grouped(n_items),
                groups=grouped(len(report.alike)),
            )
        ]
    trust = report.trust
    lines.append(
        said.sentences["not_measured"]
        if trust is None
        else said.sentences["alike_trust"].format(right=f"{trust.alike_right * 100:.0f}")
    )
    return _group_part(report.alike, lines, report, said, sizes)


def _group_part(
    groups: tuple[AlikeGroup, ...],
    lines: list[Json],
    report: JobReport,
    said: JobWords,
    sizes: ListSizes,
) -> Json:
    rows: list[Json] = [
        [
            grouped(len(group.item_ids)),
            _numbers(group.item_ids, len(group.item_ids)),
            cut_title(report.titles.get(group.item_ids[0], "")),
            f"{group.likeness:.2f}",
        ]
        for group in groups[: sizes.groups]
    ]
    return {"lines": lines, "rows": rows, "more": _more(len(groups) - len(rows), said)}


def _more(n_more: int, said: JobWords) -> str:
    return said.sentences["more_groups"].format(n=grouped(n_more)) if n_more > 0 else ""


def compared_part(comparison: Comparison | None, said: JobWords) -> Json:
    """Return what differs from the job before."""
    if comparison is None:
        return {"text": said.sentences["compared_none"], "counts": [], "rows": [], "more": ""}
    text = said.sentences["compared"].format(
        job=comparison.before.job_id,
        date=f"{comparison.before.created_at:%Y-%m-%d %H:%M} UTC",
        same=grouped(comparison.counts.get("same", 0)),
    )
    counts: list[Json] = [
        [said.changes[name], grouped(comparison.counts[name])]
        for name in said.changes
        if comparison.counts.get(name) and name != "same"
    ]
    rows: list[Json] = [
        [
            said.changes[line.change],
            str(line.item_id or line.before_id),
            cut_title(line.title or line.source_uri),
            said.outcomes.get(line.before, line.before),
            said.outcomes.get(line.outcome, line.outcome),
        ]
        for line in comparison.first
    ]
    n_more = sum(n for name, n in comparison.counts.items() if name != "same") - len(rows)
    more = said.sentences["more"].format(n=grouped(n_more)) if n_more > 0 else ""
    return {"text": text, "counts": counts, "rows": rows, "more": more}


def _numbers(item_ids: Sequence[int], n_items: int) -> str:
    shown = ", ".join(map(str, item_ids[:MOST_NUMBERS]))
    return shown + (f" … (+{grouped(n_items - MOST_NUMBERS)})" if n_items > MOST_NUMBERS else "")
