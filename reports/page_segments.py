"""The segments' part of the pages: a table that leaves out what is the same in every row."""

from reports import wording
from reports.canonical_json import Json
from reports.findings import Findings
from reports.folding import Fold, Folded, fold
from reports.quantities import clock, duration, grouped, signed
from reports.scale import cell_colour
from reports.words import Words

_COLUMNS = (
    "segment_time",
    "segment_where",
    "segment_variant",
    "segment_count",
    "segment_supports",
    "segment_llr",
    "segment_voice",
    "segment_remarks",
)


def segments_part(findings: Findings, words: Words) -> Json:
    """Return the table of segments, without the columns that say the same in every row."""
    limit = 0.0 if findings.verdict is None else findings.verdict.llr_limit
    folded = fold(findings.segments, limit)
    cells = [_segment_row(row, limit, words) for row in folded.rows]
    dull = {
        "segment_where": len({(row.track, row.channel) for row in folded.rows}) < 2,
        "segment_variant": len({row.variant for row in folded.rows}) < 2,
        "segment_count": all(row.n_segments == 1 for row in folded.rows),
    }
    shown = [index for index, name in enumerate(_COLUMNS) if not dull.get(name)]
    return {
        "text": _segments_text(folded, words),
        "names": [words.labels[_COLUMNS[index]] for index in shown],
        "rows": [[row[index] for index in shown] for row in cells],
        "colours": [cell_colour(row.llr_mean, limit) for row in folded.rows],
    }


def _segments_text(folded: Folded, words: Words) -> str:
    lines = words.paragraphs
    if not folded.rows:
        return lines["segments_none"]
    if folded.window_s is not None:
        first = lines["segments_binned"].format(
            n=grouped(folded.n_segments), window=duration(folded.window_s)
        )
    else:
        all_shown = len(folded.rows) == folded.n_segments
        first = lines["segments_all" if all_shown else "segments_folded"]
    return f"{first} {lines['segments_sign']}"


def _segment_row(row: Fold, llr_limit: float, words: Words) -> list[str]:
    """Return the cells of `_COLUMNS`."""
    remarks = [words.segment_reasons[reason] for reason in row.reasons]
    remarks += [words.quality.get(name, name) for name in row.quality]
    return [
        f"{clock(row.start_s)}–{clock(row.end_s)}",
        f"{row.track + 1}.{row.channel + 1}",
        words.labels[row.variant.value],
        str(row.n_segments),
        wording.cell_words(row.llr_mean, llr_limit, words),
        _llr_range(row, words),
        "" if row.voiced_share is None else f"{row.voiced_share:.2f}",
        ", ".join(remarks),
    ]


def _llr_range(row: Fold, words: Words) -> str:
    if row.llr_mean is None or row.llr_low is None or row.llr_high is None:
        return ""
    if row.n_scored == 1:
        return signed(row.llr_mean)
    between = words.between.format(low=signed(row.llr_low), high=signed(row.llr_high))
    return f"{signed(row.llr_mean)} ({between})"
