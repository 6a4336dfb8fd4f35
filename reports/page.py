"""ReportDocument -> what stands on the pages, as plain data in reading order.

Every string that the template sets comes from here and goes through `printable`; the template only
arranges. Nothing in this file is markup.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from pipeline.vocabulary import TrackUse, VerdictKind
from reports import wording
from reports.canonical_json import Json
from reports.document import ReportDocument
from reports.findings import Findings, MediaFindings
from reports.fonts import FAMILIES
from reports.page_custody import (
    custody_rows,
    derivation_rows,
    machine_rows,
    moment,
    signature_part,
)
from reports.page_method import method_part, model_facts, scale_part
from reports.page_rows import cut, pairs
from reports.page_segments import segments_part
from reports.page_strongest import (
    clip_rows,
    strongest_legend,
    strongest_page,
    strongest_text,
)
from reports.page_text import page_text
from reports.picture import shows_sound
from reports.provenance import provenance_page, provenance_sentence
from reports.quantities import clock, duration, file_size, grouped
from reports.review_part import review_page
from reports.timeline import Timeline, count_sides
from reports.words import Script, Words

_ACCENTS = {
    VerdictKind.SYNTHETIC: "#8a3d04",
    VerdictKind.PARTLY_SYNTHETIC: "#b95a10",
    VerdictKind.NO_EVIDENCE: "#17517f",
    VerdictKind.INCONCLUSIVE: "#5d6b78",
    VerdictKind.NOT_APPLICABLE: "#65707b",
}
_FAILED_ACCENT = "#3c4650"
_MAX_NOT_EXAMINED = 5  # sentences on page 1; the JSON has all
_MAX_TITLE = 160  # characters at the head of page 1; the JSON has the whole title


def page_data(
    document: ReportDocument, timeline: Timeline, words: Words, fonts: Sequence[AbstractSet[int]]
) -> dict[str, Json]:
    """Return everything that is printed, each string made printable."""
    findings, processing = document.findings, document.processing
    data: dict[str, Json] = {
        "language": words.language,
        "fonts": list(FAMILIES),
        "right_to_left": words.script is Script.ARABIC,
        "labels": dict(words.labels),
        "report_id": _numbered(document),
        "status": _status(document, words.labels),
        "reviews": review_page(document.reviews, words),
        "review_note": words.paragraphs["review_note"],
        "provenance": provenance_page(document.provenance, words),
        "title": cut(document.item.title or document.item.source_uri, _MAX_TITLE),
        "issued-line": _issued_line(document, words.labels),
        "accent": _accent(findings),
        "headline": document.summary.headline,
        "detail": document.summary.detail,
        "how_sure": list(document.summary.how_sure),
        "failure": _failure(document, words.labels),
        "not_examined": list(document.summary.not_examined[:_MAX_NOT_EXAMINED]),
        "picture": _picture(document, timeline, words),
        "analysed_heading": words.labels["not_analysed" if document.failure else "analysed"],
        "analysed": _analysed(document, words),
        "propositions": [
            [words.labels["hp_bonafide"], words.paragraphs["hp_bonafide"]],
            [words.labels["hp_spoof"], words.paragraphs["hp_spoof"]],
        ],
        "scale": None if findings.verdict is None else scale_part(findings.verdict, words),
        "method": method_part(document.method, findings, words),
        "segments": segments_part(findings, words),
        "custody": custody_rows(document, words.labels),
        "derivation": derivation_rows(document, words.labels),
        "derivation_text": words.paragraphs["derivation_text"],
        "machines": machine_rows(document, words),
        "signature": signature_part(document, words),
        "strongest": strongest_page(document, words),
        "strongest_text": strongest_text(document, words),
        "strongest_legend": strongest_legend(document, words),
        "clips": clip_rows(document, words.labels),
        "steps": [[name, f"{seconds:.2f}"] for name, seconds in processing.timings_s.items()],
        "models": [
            [model.name, model.role, model.provider, model.sha256] for model in processing.models
        ],
        "versions": ", ".join(f"{tool} {version}" for tool, version in processing.versions.items()),
        "model_facts": model_facts(document.method, words.labels),
        "limits": list(document.limits),
        "glossary": [list(pair) for pair in words.glossary],
        "verify": [
            words.paragraphs[name]
            for name in ("verify_signature", "verify_media", "verify_findings", "verify_repeat")
        ],
        "verify_command": words.paragraphs["verify_command"],
        "findings_sha256": document.findings_sha256,
        "attachments": words.paragraphs["attachments"],
        "exclusions": words.paragraphs["exclusions"],
    }
    return page_text(data, fonts, is_rtl=words.script is Script.ARABIC)


def _numbered(document: ReportDocument) -> str:
    """Return the report's number, with its version from the second on."""
    issue = document.issue
    return issue.report_id if issue.version == 1 else f"{issue.report_id} v{issue.version}"


def _issued_line(document: ReportDocument, labels: Mapping[str, str]) -> str:
    issue = document.issue
    when = f"{labels['issued_at']} {moment(issue.issued_at.isoformat())}"
    status = _status(document, labels)  # at the foot alone, who reads for ten seconds misses it
    return " · ".join(filter(None, (cut(issue.laboratory, _MAX_TITLE), when, status)))


def _status(document: ReportDocument, labels: Mapping[str, str]) -> str:
    return labels["reviewed" if document.reviews else "not_reviewed"]


def _accent(findings: Findings) -> str:
    return _FAILED_ACCENT if findings.verdict is None else _ACCENTS[findings.verdict.kind]


def _failure(document: ReportDocument, labels: Mapping[str, str]) -> Json:
    failure = document.failure
    if failure is None:
        return None
    return {
        "message": cut(failure.message),
        "pairs": pairs(
            [(labels["failure_code"], failure.code), (labels["failure_stage"], failure.stage)]
        ),
    }


def _picture(document: ReportDocument, timeline: Timeline, words: Words) -> Json:
    if not timeline.lanes:
        return None
    findings = document.findings
    counts = {side: grouped(count) for side, count in count_sides(timeline).items()}
    lines = words.paragraphs
    cell = lines["cell_one" if timeline.cell_s <= 1 else "cell_many"]
    scored = any(cell.llr is not None for lane in timeline.lanes for cell in lane.cells)
    caption = lines["timeline"].format(cell=cell.format(length=duration(timeline.cell_s)))
    if len(timeline.lanes) > 2:  # more lanes than the picture draws lines for
        caption += " " + lines["timeline_lanes"]
    elif scored:
        caption += " " + lines["timeline_curve"].format(window=duration(timeline.window_s))
    alt = lines["timeline_alt"].format(total=duration(timeline.end_s), **counts)
    if shows_sound(timeline, document.pictures):
        top = f"{max(one.max_hz for one in document.pictures) / 1_000:g}"
        caption += " " + lines["spectrogram"].format(top=top)
        alt += " " + lines["spectrogram_alt"].format(top=top)
    return {
        "alt": alt,
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
        (labels["item"], cut(document.item.title)),
        (labels["source"], document.item.source_uri),
    ]
    if media is not None:
        rows += [
            (labels["sha256"], media.sha256),
            (labels["file"], _file(media, words)),
            (labels["duration"], _durations(media, words)),
            (labels["sound"], _sound(media, words)),
        ]
    verdict = document.findings.verdict
    if verdict is not None and verdict.kind is not VerdictKind.NOT_APPLICABLE:
        voice = wording.total_of(verdict.voiced_s, document.findings, words)
        rows.append((labels["voice"], voice))
    if document.provenance is not None:
        rows.append((labels["provenance_short"], provenance_sentence(document.provenance, words)))
    return pairs(rows)


def _file(media: MediaFindings, words: Words) -> str:
    parts = [
        file_size(media.size_bytes, words.bytes_form),
        media.container or "",
        *media.other_streams,
    ]
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
