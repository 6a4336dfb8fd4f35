"""Notices as e-mails say them: a subject line and plain text. The body is the webhook's own data."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.vocabulary import VerdictKind
from reports.words_en import ENGLISH

MOST_TITLE = 120
MOST_LISTED = 20
_COUNTS = {
    "new": "items in all",
    "synthetic": "evidence of synthesis",
    "partly_synthetic": "evidence of synthesis in a part",
    "inconclusive": "inconclusive",
    "no_evidence": "no evidence of synthesis found",
    "not_applicable": "not applicable",
    "failed": "failed",
    "cancelled": "cancelled",
}
_FOOT = "Machine output, not reviewed by an examiner. The report says how often such evidence misleads.\n"


def item_letter(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and text of one suspect item."""
    finding = ENGLISH.headlines[VerdictKind(body["verdict"])]
    lines = [
        finding,
        "",
        f"Item {body['item_id']} of job {body['job_id']}: {one_line(body['title'])}",
        f"LLR {_llr(body['llr'])} (above 0 supports a person speaking), "
        f"{body['voiced_s']:.0f} s of voice.",
        *(f"Marked: {start:.0f} s to {end:.0f} s" for start, end in body["spans"]),
        "",
        f"Its report: verity reports {body['job_id']} --to FOLDER",
        _FOOT,
    ]
    return f"{one_line(body['title'])}: {finding}", "\n".join(lines)


def job_letter(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and text of a job that is over."""
    name = f"Job {body['job_id']} {one_line(body['name'])}".strip()
    end = "was cancelled" if body["was_cancelled"] else "is done"
    text = (
        f"{name} {end}: {body['n_items']} items, {body['n_done']} analysed, "
        f"{body['n_failed']} failed, {body['n_cancelled']} cancelled.\n\n"
        f"Look: verity show {body['job_id']}\n"
        f"Its reports: verity reports {body['job_id']} --to FOLDER\n"
    )
    return f"{name} {end}: {body['n_items']} items, {body['n_failed']} failed", text


def digest_letter(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and text of a sweep's digest."""
    counts, before = body["counts"], body["before"]
    name = one_line(body["sweep_name"])
    n_suspect = counts["synthetic"] + counts["partly_synthetic"]
    subject = f"{name}: {counts['new']} new, {n_suspect} with evidence of synthesis, {counts['failed']} failed"
    lines = [f"Sweep {name}, due {body['due_at']}, job {body['job_id']}.", ""]
    if body["n_missed"]:
        lines += [f"{body['n_missed']} runs before it were missed: no scheduler ran.", ""]
    for key, words in _COUNTS.items():
        was = "" if before is None else f"  (the run before: {before[key]})"
        lines.append(f"{counts[key]:>7}  {words}{was}")
    lines += _listed("Evidence of synthesis, the strongest first", body["suspect"], _found)
    lines += _listed("Failed", body["failures"], _failed)
    lines += ["", f"The reports: verity reports {body['job_id']} --to FOLDER", _FOOT]
    return subject, "\n".join(lines)


def _listed(
    head: str, items: Sequence[Mapping[str, Any]], line_of: Callable[[Mapping[str, Any]], str]
) -> list[str]:
    if not items:
        return []
    more = len(items) - MOST_LISTED
    lines = ["", f"{head}:", *(f"  {line_of(item)}" for item in items[:MOST_LISTED])]
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _found(item: Mapping[str, Any]) -> str:
    return f"item {item['item_id']}  LLR {_llr(item['llr'])}  {one_line(item['title'])}"


def _failed(item: Mapping[str, Any]) -> str:
    return f"item {item['item_id']}  {one_line(item['title'])}: {one_line(item['error_message'])}"


def _llr(llr: float | None) -> str:
    return "-" if llr is None else f"{llr:+.2f}".replace("-", "−")


def one_line(text: str) -> str:
    """Return outside text on one line, without what a terminal or a mail program would obey."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    one_line = " ".join(shown.split())
    return one_line if len(one_line) <= MOST_TITLE else one_line[: MOST_TITLE - 1] + "…"
