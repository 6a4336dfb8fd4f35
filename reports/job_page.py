"""JobReport -> what stands on the pages, as plain data in reading order; `templates/job.typ` arranges it.

Every string goes through `printable`; links are made by us (names of report files) or are web
addresses of ASCII alone, so that no title can become one.
"""

import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from pipeline.vocabulary import Reason, VerdictKind
from reports.canonical_json import Json
from reports.fonts import FAMILIES
from reports.job_facts import Comparison, JobReport, ListSizes
from reports.job_groups import AlikeGroup
from reports.job_heat import (
    LEFT_MM,
    NONE_COLOUR,
    SHARES,
    WIDTH_MM,
    HeatMap,
    draw_heat_map,
    share_colour,
)
from reports.job_words import JobWords
from reports.printable import printable
from reports.quantities import clock, duration, grouped
from reports.right_to_left import isolate_numbers
from reports.scale import (
    EVEN_COLOUR,
    UNSCORED_COLOUR,
    Side,
    Step,
    cell_colour,
    step_colour,
    weigh,
)
from reports.wording import cell_words
from reports.words import Script, Words
from storage.job_report_rows import ItemLine, Tally

MOST_TITLE = 90  # characters of a title in a table; the spreadsheet has all
MOST_SOURCES = 12
MOST_NUMBERS = 12  # of a group's items
MOST_REASONS = 30
_WEB = re.compile(r"https?://[!#-;=?-\[\]_a-z~%]{3,1000}", re.IGNORECASE)
_ACCENTS = {True: "#8a3d04", False: "#17517f"}
_OPEN = ("ready", "deferred", "running")
_TICKS = 6


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
        "title": _cut(report.job.name) or f"{said.labels['job']} {report.job.job_id}",
        "issued": f"{words.labels['issued_at']} {_moment(report)}",
        "accent": _ACCENTS[report.n_found > 0],
        "headline": headline(report, said),
        "details": _details(report, said),
        "counts": _counts(report, said),
        "heat": None if heat is None else _heat(heat, said, words),
        "strongest": _strongest(report, said, words),
        "reasons": _reasons(report, said, words),
        "failures": _failures(report, words),
        "duplicates": _duplicates(report, said),
        "near": _near(report, said, sizes),
        "alike": _alike(report, said, sizes),
        "compared": _compared(report.comparison, said),
        "job": _job(report, said),
        "limits": list(said.limits),
        "attached": said.sentences["attached"],
    }
    finish = isolate_numbers if words.script is Script.ARABIC else str
    return {
        name: value if name == "fonts" else _printable(value, fonts, finish)
        for name, value in data.items()
    }


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
        [said.outcomes.get(key, key), grouped(n), _share(n / total)]
        for key, n in outcomes(report).items()
    ]


def _heat(heat: HeatMap, said: JobWords, words: Words) -> Json:
    picture, high = draw_heat_map(heat)
    end_s = heat.cell_s * heat.n_columns
    sentences = said.sentences
    n_items = sum(row.bin.n_items for row in heat.rows)
    cell = words.paragraphs["cell_one"] if heat.cell_s <= 1 else duration(heat.cell_s)
    if heat.is_single:
        caption = sentences["heat_single"].format(cell=cell)
    else:
        each = grouped(max(1, round(n_items / len(heat.rows))))
        caption = sentences["heat_many"].format(rows=len(heat.rows), n=each, cell=cell)
    if heat.has_later:
        caption += " " + sentences["heat_later"].format(end=duration(end_s - heat.cell_s))
    every = max(1, len(heat.rows) // 15)
    wide = (WIDTH_MM - LEFT_MM) / heat.n_columns
    step = max(1, heat.n_columns // _TICKS)
    return {
        "picture": picture,
        "high": high,
        "alt": sentences["heat_alt"].format(
            n=grouped(n_items),
            total=duration(end_s),
            rows=len(heat.rows),
            columns=heat.n_columns,
        ),
        "caption": caption,
        "rows_from": said.labels["rows_from"],
        "names": [
            [place * heat.row_mm, str(row.bin.first_id)]
            for place, row in enumerate(heat.rows)
            if place % every == 0
        ],
        "row_high": heat.row_mm,
        "ticks": [
            [LEFT_MM + column * wide, clock(column * heat.cell_s)]
            for column in range(0, heat.n_columns, step)
        ],
        "legend": _legend(heat, said, words),
    }


def _legend(heat: HeatMap, said: JobWords, words: Words) -> list[Json]:
    """Return (colour, words) of what stands in the picture."""
    if heat.is_single:
        most = weigh(heat.llr_limit, heat.llr_limit).step or Step.WEAK
        spoof = [step_colour(Side.SPOOF, Step(n)) for n in range(most, 0, -1)]
        person = [step_colour(Side.BONAFIDE, Step(n)) for n in range(1, most + 1)]
        return [
            *(_entry(colour) for colour in spoof[:-1]),
            _entry(spoof[-1], words.labels["legend_spoof"]),
            _entry(EVEN_COLOUR, words.labels["legend_even"]),
            *(_entry(colour) for colour in person[:-1]),
            _entry(person[-1], words.labels["legend_bonafide"]),
            _entry(UNSCORED_COLOUR, words.labels["legend_unscored"]),
        ]
    spans = list(zip([0.0, *SHARES], [*SHARES, 1.0], strict=True))
    said_of = [f"{low * 100:g}–{high * 100:g}" for low, high in spans]
    said_of[-1] += f" {said.labels['legend_share']}"
    return [
        _entry(NONE_COLOUR, "0"),
        *(_entry(share_colour(high), name) for (_, high), name in zip(spans, said_of, strict=True)),
        _entry(UNSCORED_COLOUR, words.labels["legend_unscored"]),
    ]


def _entry(colour: str, name: str = "") -> Json:
    return {"colour": colour, "words": name}


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
            "title": _cut(line.title or line.source_uri),
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
            f"{row.first_item_id} {_cut(row.title)}",
        ]
        for row in rows[:MOST_REASONS]
    ]


def _duplicates(report: JobReport, said: JobWords) -> Json:
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
            _cut(group.title),
            group.sha256[:16] + "…",
        ]
        for group in same.first
    ]
    return {"lines": lines, "rows": rows, "more": _more(same.n_groups - len(rows), said)}


def _near(report: JobReport, said: JobWords, sizes: ListSizes) -> Json:
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
            f"{said.copies.get(name, name)} {_share(share)}" for name, share in trust.near_kept
        )
        lines.append(
            said.sentences["near_trust"].format(
                kept=kept, strangers=f"{trust.near_strangers * 100:.1f}"
            )
        )
    return _group_part(report.near, lines, report, said, sizes)


def _alike(report: JobReport, said: JobWords, sizes: ListSizes) -> Json:
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
            _cut(report.titles.get(group.item_ids[0], "")),
            f"{group.likeness:.2f}",
        ]
        for group in groups[: sizes.groups]
    ]
    return {"lines": lines, "rows": rows, "more": _more(len(groups) - len(rows), said)}


def _more(n_more: int, said: JobWords) -> str:
    return said.sentences["more_groups"].format(n=grouped(n_more)) if n_more > 0 else ""


def _compared(comparison: Comparison | None, said: JobWords) -> Json:
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
            _cut(line.title or line.source_uri),
            said.outcomes.get(line.before, line.before),
            said.outcomes.get(line.outcome, line.outcome),
        ]
        for line in comparison.first
    ]
    n_more = sum(n for name, n in comparison.counts.items() if name != "same") - len(rows)
    more = said.sentences["more"].format(n=grouped(n_more)) if n_more > 0 else ""
    return {"text": text, "counts": counts, "rows": rows, "more": more}


def _job(report: JobReport, said: JobWords) -> list[Json]:
    job, labels = report.job, said.labels
    sources = ", ".join(_cut(source) for source in job.sources[:MOST_SOURCES])
    if len(job.sources) > MOST_SOURCES:
        sources += f" … ({grouped(len(job.sources))})"
    ended = "" if job.closed_at is None else f"{job.closed_at:%Y-%m-%d %H:%M:%S} UTC"
    rows = [
        (labels["job_number"], str(job.job_id)),
        (labels["name"], _cut(job.name)),
        (labels["account"], job.account_id),
        (labels["sources"], sources),
        (labels["submitted"], f"{job.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        (labels["ended"], ended),
    ]
    return [[name, value] for name, value in rows if value]


def _moment(report: JobReport) -> str:
    return f"{report.issued_at:%Y-%m-%d %H:%M:%S} UTC"


def _numbers(item_ids: Sequence[int], n_items: int) -> str:
    shown = ", ".join(map(str, item_ids[:MOST_NUMBERS]))
    return shown + (f" … (+{grouped(n_items - MOST_NUMBERS)})" if n_items > MOST_NUMBERS else "")


def _share(share: float) -> str:
    """Return a share in 100 without a percent sign: `12.5`, `< 0.1`."""
    if 0 < share < 0.001:
        return "< 0.1"
    return f"{share * 100:.1f}"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TITLE else f"{text[:MOST_TITLE]}…"


def _printable(
    value: Json, fonts: Sequence[AbstractSet[int]], finish: Callable[[str], str]
) -> Json:
    """Return the tree with every string printable, but for pictures, colours, files and links."""
    if isinstance(value, str):
        return finish(printable(value, fonts))
    if isinstance(value, list):
        return [_printable(entry, fonts, finish) for entry in value]
    if isinstance(value, dict):
        return {
            key: entry if key in _RAW else _printable(entry, fonts, finish)
            for key, entry in value.items()
        }
    return value


_RAW = frozenset({"picture", "colour", "file", "source_link"})
