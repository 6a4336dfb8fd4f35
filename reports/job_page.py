"""JobReport -> what stands on the pages, as plain data in reading order; `templates/job.typ` arranges it.

Every string goes through `printable`; links are made by us (names of report files) or are web
addresses of ASCII alone, so that no title can become one.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from pipeline.vocabulary import Reason, VerdictKind
from reports.canonical_json import Json
from reports.fonts import FAMILIES
from reports.job_facts import JobReport, ListSizes
from reports.job_page_groups import alike_part, compared_part, duplicates_part, near_part
from reports.job_page_heat import heat_part
from reports.job_words import JobWords
from reports.page_rows import cut_title
from reports.page_text import page_text
from reports.quantities import duration, grouped, in_100
from reports.scale import cell_colour
from reports.wording import cell_words
from reports.words import Script, Words
from storage.job_report_rows import ItemLine, Tally

MOST_SOURCES = 12
MOST_REASONS = 30
_WEB = re.compile(r"https?://[!#-;=?-\[\]_a-z~%]{3,1000}", re.IGNORECASE)
_ACCENTS = {True: "#8a3d04", False: "#17517f"}
_OPEN = ("ready", "deferred", "running")


def report_file(job_id: int, item_id: int, kind: str = "pdf") -> str:
    """Return the name under which `verity reports` writes an item's report."""
    return f"verity-{job_id}-{item_id}.{kind}"


def web_link(uri: str) -> str:
    """Return an address that may be clicked: http or https in plain ASCII; "" for all others."""
    return uri if _WEB.fullmatch(uri) else ""


def job_page(
    report: JobReport,
    said: JobWords,
    words: Words,
    fonts: Sequence[AbstractSet[int]],
    sizes: ListSizes | None = None,
) -> dict[str, Json]:
    """Return everything that is printed."""
    sizes = sizes or ListSizes()
    heat = report.heat_map
    data: dict[str, Json] = {
        "language": words.language,
        "fonts": list(FAMILIES),
        "right_to_left": words.script is Script.ARABIC,
        "labels": {**dict(words.labels), **dict(said.labels)},
        "report_id": report.report_id,
        "title": cut_title(report.job.name) or f"{said.labels['job']} {report.job.job_id}",
        "issued": f"{words.labels['issued_at']} {_moment(report)}",
        "accent": _ACCENTS[report.n_found > 0],
        "headline": headline(report, said),
        "details": _details(report, said),
        "counts": _counts(report, said),
        "heat": None if heat is None else heat_part(heat, said, words),
        "strongest": _strongest(report, said, words),
        "reasons": _reasons(report, said, words),
        "failures": _failures(report, words),
        "duplicates": duplicates_part(report, said),
        "near": near_part(report, said, sizes),
        "alike": alike_part(report, said, sizes),
        "compared": compared_part(report.comparison, said),
        "job": _job(report, said),
        "limits": list(said.limits),
        "attached": said.sentences["attached"],
    }
    return page_text(data, fonts, is_rtl=words.script is Script.ARABIC)


def headline(report: JobReport, said: JobWords) -> str:
    """Return the one sentence on top."""
    sentences, total = said.sentences, report.n_items
    if total == 0:
        return sentences["headline_empty"]
    if report.n_found:
        return sentences["headline_found"].format(n=grouped(report.n_found), total=grouped(total))
    if report.n_judged == 0:
        return sentences["headline_not_judged"].format(total=grouped(total))
    return sentences["headline_none"].format(total=grouped(report.n_judged))


def outcome_of(row: Tally) -> str:
    """Return the key of `JobWords.outcomes` for a tally."""
    if row.state == "done":
        return row.verdict
    return "open" if row.state in _OPEN else row.state


def outcomes(report: JobReport) -> dict[str, int]:
    """Return how many items have which outcome, those that support synthesis first."""
    counts: dict[str, int] = dict.fromkeys(
        ("synthetic", "partly_synthetic", "inconclusive", "no_evidence", "not_applicable",
         "failed", "cancelled", "open"), 0)  # fmt: skip
    for row in report.tallies:
        key = outcome_of(row)
        counts[key] = counts.get(key, 0) + row.n_items
    return {key: count for key, count in counts.items() if count}


def _details(report: JobReport, said: JobWords) -> list[Json]:
    details: list[Json] = []
    if n_open := outcomes(report).get("open", 0):
        details.append(said.sentences["open"].format(n=grouped(n_open)))
    if report.expected_false is not None and report.n_judged:
        expected = "< 1" if report.expected_false < 0.95 else grouped(round(report.expected_false))
        details.append(
            said.sentences["expected"].format(judged=grouped(report.n_judged), n=expected)
        )
    return details


def _counts(report: JobReport, said: JobWords) -> list[Json]:
    total = max(report.n_items, 1)
    return [
        [said.outcomes.get(key, key), grouped(n), in_100(n / total)]
        for key, n in outcomes(report).items()
    ]


def strength_of(line: ItemLine, words: Words) -> str:
    """Return what an item's strongest finding supports, such as `synthetic, 40×`."""
    if line.lowest_llr is None:
        return ""
    return cell_words(line.lowest_llr, line.llr_limit or 0.0, words)


def _strongest(report: JobReport, said: JobWords, words: Words) -> Json:
    if not report.strongest:
        return {"text": said.sentences["strongest_none"], "rows": []}
    rows: list[Json] = [
        {
            "item": str(line.item_id),
            "title": cut_title(line.title or line.source_uri),
            "supports": strength_of(line, words),
            "colour": cell_colour(line.lowest_llr, line.llr_limit or 0.0),
            "stretches": str(line.n_spans) if line.n_spans else "–",
            "voice": "–" if line.voiced_s is None else duration(line.voiced_s),
            "file": report_file(report.job.job_id, line.item_id),
            "source_link": web_link(line.source_uri),
        }
        for line in report.strongest
    ]
    text = said.sentences["strongest"].format(n=grouped(len(rows)))
    return {"text": text, "rows": rows}


def _reasons(report: JobReport, said: JobWords, words: Words) -> list[Json]:
    """Return why items have no answer, or no firm one; the most frequent first."""
    wanted = (VerdictKind.INCONCLUSIVE.value, VerdictKind.NOT_APPLICABLE.value)
    rows = [row for row in report.tallies if row.state == "done" and row.verdict in wanted]
    return [
        [said.outcomes[row.verdict], _reason(row.reason, words), grouped(row.n_items)]
        for row in rows[:MOST_REASONS]
    ]


def _reason(reason: str, words: Words) -> str:
    if reason not in set(Reason):
        return reason
    return words.segment_reasons[Reason(reason)]


def failure_sentence(code: str, words: Words) -> str:
    """Return what an error code means, in the report's language where it has a sentence."""
    return words.errors.get(code) or words.unknown_error.format(code=code)


def _failures(report: JobReport, words: Words) -> list[Json]:
    rows = [row for row in report.tallies if row.state == "failed"]
    return [
        [
            row.error_code,
            failure_sentence(row.error_code, words),
            grouped(row.n_items),
            f"{row.first_item_id} {cut_title(row.title)}",
        ]
        for row in rows[:MOST_REASONS]
    ]


def _job(report: JobReport, said: JobWords) -> list[Json]:
    job, labels = report.job, said.labels
    sources = ", ".join(cut_title(source) for source in job.sources[:MOST_SOURCES])
    if len(job.sources) > MOST_SOURCES:
        sources += f" … ({grouped(len(job.sources))})"
    ended = "" if job.closed_at is None else f"{job.closed_at:%Y-%m-%d %H:%M:%S} UTC"
    rows = [
        (labels["job_number"], str(job.job_id)),
        (labels["name"], cut_title(job.name)),
        (labels["account"], job.account_id),
        (labels["sources"], sources),
        (labels["submitted"], f"{job.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        (labels["ended"], ended),
    ]
    return [[name, value] for name, value in rows if value]


def _moment(report: JobReport) -> str:
    return f"{report.issued_at:%Y-%m-%d %H:%M:%S} UTC"
