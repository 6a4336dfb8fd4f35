"""ReportDocument -> what stands on the pages, as plain data in reading order.

Every string that the template sets comes from here and goes through `printable`; the template only
arranges. Nothing in this file is markup.
"""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from pipeline.model_card import ErrorRow, Figure
from pipeline.vocabulary import TrackUse, VerdictKind
from reports import wording
from reports.document import MethodPart, ReportDocument
from reports.findings import (
    ErrorRateFindings,
    Findings,
    Json,
    MediaFindings,
    VerdictFindings,
    rounded,
)
from reports.folding import Fold, Folded, fold
from reports.printable import printable
from reports.quantities import clock, duration, exact_ratio, file_size, grouped, ratio, share
from reports.scale import Step, cell_colour
from reports.timeline import Timeline, count_sides
from reports.words import Words

_ACCENTS = {
    VerdictKind.SYNTHETIC: "#8a3d04",
    VerdictKind.PARTLY_SYNTHETIC: "#b95a10",
    VerdictKind.NO_EVIDENCE: "#17517f",
    VerdictKind.INCONCLUSIVE: "#5d6b78",
    VerdictKind.NOT_APPLICABLE: "#8b949c",
}
_FAILED_ACCENT = "#3c4650"
_MAX_NOT_EXAMINED = 5  # sentences on page 1; the JSON has all
_MAX_TITLE = 160  # characters at the head of page 1; the JSON has the whole title
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
_MAX_CARD_TEXT = 4_000  # a card is ours: its lists are printed whole
_MAX_TEXT = 400  # characters of any other outside text on a page


def page_data(
    document: ReportDocument, timeline: Timeline, words: Words, glyphs: AbstractSet[int]
) -> dict[str, Json]:
    """Return everything that is printed, each string made printable."""
    findings, processing = document.findings, document.processing
    data: dict[str, Json] = {
        "language": words.language,
        "labels": dict(words.labels),
        "report_id": document.issue.report_id,
        "title": _cut(document.item.title or document.item.source_uri, _MAX_TITLE),
        "issued-line": _issued_line(document, words.labels),
        "accent": _accent(findings),
        "headline": document.summary.headline,
        "detail": document.summary.detail,
        "how_sure": list(document.summary.how_sure),
        "failure": _failure(document, words.labels),
        "not_examined": list(document.summary.not_examined[:_MAX_NOT_EXAMINED]),
        "picture": _picture(findings, timeline, words),
        "analysed_heading": words.labels["not_analysed" if document.failure else "analysed"],
        "analysed": _analysed(document, words),
        "propositions": [
            [words.labels["hp_bonafide"], words.paragraphs["hp_bonafide"]],
            [words.labels["hp_spoof"], words.paragraphs["hp_spoof"]],
        ],
        "scale": None if findings.verdict is None else _scale(findings.verdict, words),
        "method": _method(document.method, findings, words),
        "segments": _segments(findings, words),
        "custody": _custody(document, words.labels),
        "steps": [[name, f"{seconds:.2f}"] for name, seconds in processing.timings_s.items()],
        "models": [
            [model.name, model.role, model.provider, model.sha256] for model in processing.models
        ],
        "versions": ", ".join(f"{tool} {version}" for tool, version in processing.versions.items()),
        "model_facts": _model_facts(document.method, words.labels),
        "limits": list(document.limits),
        "glossary": [list(pair) for pair in words.glossary],
        "verify": [
            words.paragraphs[name] for name in ("verify_media", "verify_findings", "verify_repeat")
        ],
        "verify_command": words.paragraphs["verify_command"],
        "findings_sha256": document.findings_sha256,
        "attachments": words.paragraphs["attachments"],
        "exclusions": words.paragraphs["exclusions"],
    }
    return {name: _printable_tree(value, glyphs) for name, value in data.items()}


def _printable_tree(value: Json, glyphs: AbstractSet[int]) -> Json:
    if isinstance(value, str):
        return printable(value, glyphs)
    if isinstance(value, list):
        return [_printable_tree(entry, glyphs) for entry in value]
    if isinstance(value, dict):
        return {key: _printable_tree(entry, glyphs) for key, entry in value.items()}
    return value


def _cut(text: str, most: int = _MAX_TEXT) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _moment(iso: str) -> str:
    """Return an ISO time of UTC without fractions, such as `2026-11-21 09:31:00 UTC`."""
    return f"{iso[:10]} {iso[11:19]} UTC"


def _issued_line(document: ReportDocument, labels: Mapping[str, str]) -> str:
    issue = document.issue
    when = f"{labels['issued_at']} {_moment(issue.issued_at.isoformat())}"
    return " · ".join(filter(None, (_cut(issue.laboratory, _MAX_TITLE), when)))


def _pairs(rows: list[tuple[str, str]], most: int = _MAX_TEXT) -> list[Json]:
    """Return label and value where there is a value."""
    return [[label, _cut(value, most)] for label, value in rows if value]


def _accent(findings: Findings) -> str:
    return _FAILED_ACCENT if findings.verdict is None else _ACCENTS[findings.verdict.kind]


def _failure(document: ReportDocument, labels: Mapping[str, str]) -> Json:
    failure = document.failure
    if failure is None:
        return None
    return {
        "message": _cut(failure.message),
        "pairs": _pairs(
            [(labels["failure_code"], failure.code), (labels["failure_stage"], failure.stage)]
        ),
    }


def _picture(findings: Findings, timeline: Timeline, words: Words) -> Json:
    if not timeline.lanes:
        return None
    counts = {side: grouped(count) for side, count in count_sides(timeline).items()}
    lines = words.paragraphs
    cell = lines["cell_one" if timeline.cell_s <= 1 else "cell_many"]
    scored = any(cell.llr is not None for lane in timeline.lanes for cell in lane.cells)
    caption = lines["timeline"].format(cell=cell.format(length=duration(timeline.cell_s)))
    if len(timeline.lanes) > 2:  # more lanes than the picture draws lines for
        caption += " " + lines["timeline_lanes"]
    elif scored:
        caption += " " + lines["timeline_curve"].format(window=duration(timeline.window_s))
    return {
        "alt": lines["timeline_alt"].format(total=duration(timeline.end_s), **counts),
        "caption": caption,
        "spans": [
            [
                f"{clock(span.start_s)}–{clock(span.end_s)}",
                f"{span.track + 1}.{span.channel + 1}",
                wording.cell_words(span.llr, timeline.llr_limit, words),
            ]
            for span in (findings.verdict.spans if findings.verdict else ())
        ],
    }


def _analysed(document: ReportDocument, words: Words) -> list[Json]:
    labels, media = words.labels, document.findings.media
    rows = [
        (labels["item"], _cut(document.item.title)),
        (labels["source"], document.item.source_uri),
    ]
    if media is not None:
        rows += [
            (labels["sha256"], media.sha256),
            (labels["file"], _file(media)),
            (labels["duration"], _durations(media, words)),
            (labels["sound"], _sound(media, words)),
        ]
    verdict = document.findings.verdict
    if verdict is not None and verdict.voiced_s > 0:
        rows.append((labels["voice"], duration(verdict.voiced_s)))
    return _pairs(rows)


def _file(media: MediaFindings) -> str:
    parts = [file_size(media.size_bytes), media.container or "", *media.other_streams]
    return ", ".join(filter(None, parts))


def _durations(media: MediaFindings, words: Words) -> str:
    decoded = [t.decoded_duration_s for t in media.tracks if t.decoded_duration_s is not None]
    if not decoded:
        return "" if media.declared_duration_s is None else duration(media.declared_duration_s)
    text = f"{duration(max(decoded))} ({clock(max(decoded))})"
    declared = media.declared_duration_s
    if declared is not None and abs(declared - max(decoded)) > 0.5:
        text += words.paragraphs["declared"].format(declared=duration(declared))
    return text


def _sound(media: MediaFindings, words: Words) -> str:
    tracks = []
    for track in media.tracks:
        used = [i + 1 for i, use in enumerate(track.channel_use) if use is TrackUse.ANALYSED]
        tracks.append(
            words.paragraphs["track"].format(
                track=track.index + 1,
                codec=track.codec,
                rate=grouped(track.sample_rate),
                channels=track.n_channels,
                used=", ".join(map(str, used)) or words.labels["none"],
            )
        )
    return "; ".join(tracks)


def _scale(verdict: VerdictFindings, words: Words) -> Json:
    bounds = ["1–2", "2–10", "10–100", f"100–{grouped(1_000)}",
              f"{grouped(1_000)}–{grouped(10_000)}", f"> {grouped(10_000)}"]  # fmt: skip
    cap = ""
    if verdict.llr_limit > 0:
        cap = words.paragraphs["cap"].format(limit=exact_ratio(math.exp(verdict.llr_limit)))
    return {
        "text": words.paragraphs["scale"],
        "rows": [[bounds[step], words.steps[step]] for step in Step],
        "cap": cap,
    }


def _method(method: MethodPart | None, findings: Findings, words: Words) -> Json:
    if method is None or findings.verdict is None:
        return {
            "text": words.paragraphs["method_none"],
            "decision": "",
            "rates": [],
            "figures": None,
        }
    limits = method.thresholds
    return {
        "text": words.paragraphs["method"].format(
            sample_rate=grouped(method.sample_rate),
            segment=duration(method.segment_s),
            hop=duration(findings.options.hop_s),
            model=method.detector,
        ),
        "decision": words.paragraphs["decision"].format(
            min_voiced=duration(limits.min_voiced_s),
            synthetic=_threshold(limits.synthetic_below, words),
            no_evidence=_threshold(limits.no_evidence_above, words),
        ),
        "rates_text": words.paragraphs["rates"],
        "rates": [
            {
                "here": _applies(row, findings.verdict.error_rates),
                "cells": [
                    row.condition,
                    duration(row.min_voiced_s),
                    share(row.bonafide_rejected_rate),
                    share(row.spoof_accepted_rate),
                    share(row.decided_share, 0),
                    f"{grouped(row.n_bonafide)} + {grouped(row.n_spoof)}",
                ],
            }
            for row in method.error_rates
        ],
        "figures": _figures(method.figures, words),
    }


def _figures(figures: Sequence[Figure], words: Words) -> Json:
    """Return a table with one row per test and one column per measure."""
    metrics = list(dict.fromkeys(figure.metric for figure in figures))
    tests = dict.fromkeys((figure.test, figure.n_bonafide, figure.n_spoof) for figure in figures)
    values = {(figure.test, figure.metric): f"{figure.value:.3f}" for figure in figures}
    return {
        "names": [
            words.labels["figure_test"],
            *(words.metrics.get(metric, metric) for metric in metrics),
            words.labels["rates_items"],
        ],
        "rows": [
            [
                test,
                *(values.get((test, metric), "") for metric in metrics),
                f"{grouped(n_bonafide)} + {grouped(n_spoof)}",
            ]
            for test, n_bonafide, n_spoof in tests
        ],
    }


def _applies(row: ErrorRow, rates: ErrorRateFindings | None) -> bool:
    """Tell whether the verdict's error rates are this row of the card."""
    return rates is not None and (
        rates.n_bonafide,
        rates.n_spoof,
        rates.bonafide_rejected_rate,
        rates.spoof_accepted_rate,
    ) == (
        row.n_bonafide,
        row.n_spoof,
        rounded(row.bonafide_rejected_rate),
        rounded(row.spoof_accepted_rate),
    )


def _threshold(llr: float, words: Words) -> str:
    """Return a threshold as a ratio and the proposition that it favours, and as the LLR."""
    side = words.labels["hp_bonafide" if llr > 0 else "hp_spoof"]
    times = ratio(math.exp(abs(llr))) if abs(llr) >= math.log(10) else f"{math.exp(abs(llr)):.2g}"
    return words.paragraphs["threshold"].format(times=times, side=side, llr=_signed(llr))


def _segments(findings: Findings, words: Words) -> Json:
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
        _llr_range(row),
        "" if row.voiced_share is None else f"{row.voiced_share:.2f}",
        ", ".join(remarks),
    ]


def _llr_range(row: Fold) -> str:
    if row.llr_mean is None or row.llr_low is None or row.llr_high is None:
        return ""
    if row.n_scored == 1:
        return _signed(row.llr_mean)
    return f"{_signed(row.llr_mean)} ({_signed(row.llr_low)} to {_signed(row.llr_high)})"


def _signed(llr: float) -> str:
    return f"{llr:+.2f}".replace("-", "−")


def _custody(document: ReportDocument, labels: Mapping[str, str]) -> list[Json]:
    issue, custody, options = document.issue, document.custody, document.findings.options
    rows = [
        (labels["laboratory"], issue.laboratory),
        (labels["customer"], issue.customer),
        (labels["submitted_by"], issue.submitted_by),
        (labels["job"], f"{issue.job_name} ({issue.job_id})" if issue.job_name else issue.job_id),
        (labels["item_id"], document.item.item_id),
        (labels["attempt"], str(issue.attempt)),
        (labels["source"], document.item.source_uri),
    ]
    if custody is not None:
        rows += [
            (labels["original_name"], custody.original_name),
            (labels["acquired_at"], _moment(custody.acquired_at.isoformat())),
            (labels["acquired_by"], custody.acquired_by),
            (labels["source_version"], custody.source_version),
            *((name, value) for name, value in custody.facts.items()),
        ]
    rows += [
        (labels["analysed_at"], _moment(document.processing.analysed_at.isoformat())),
        (labels["issued_at"], _moment(issue.issued_at.isoformat())),
        (
            labels["options"],
            f"hop_s {options.hop_s:g}, max_duration_s {options.max_duration_s:g}, "
            f"max_channels {options.max_channels}",
        ),
    ]
    return _pairs(rows)


def _model_facts(method: MethodPart | None, labels: Mapping[str, str]) -> list[Json]:
    if method is None:
        return []
    return _pairs(
        [
            (labels["trained_on"], method.training_data),
            (labels["generators"], ", ".join(method.generators)),
            (labels["cutoff"], method.cutoff),
            (labels["languages"], ", ".join(method.languages)),
            (labels["licence"], method.licence),
        ],
        _MAX_CARD_TEXT,
    )
