"""The strongest seconds' part of the pages: a spectrogram of each, what moved its score, its clip's name."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports import wording
from reports.canonical_json import Json
from reports.document import ReportDocument
from reports.occlusion_picture import draw_explained, draw_plain, reach_of
from reports.page_rows import pairs
from reports.quantities import clock
from reports.scale import Side, Step, step_colour
from reports.sound_parts import StrongestPart
from reports.words import Words


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands beside a picture, and in its place."""

    time: str
    said: str  # what the second supports, and how strongly
    alt: str


def strongest_page(document: ReportDocument, words: Words) -> list[Json]:
    """Return the captions of the pictures, as the template reads them."""
    return [
        {"time": one.time, "words": one.said, "alt": one.alt}
        for one in strongest_captions(document, words)
    ]


def strongest_captions(document: ReportDocument, words: Words) -> list[Caption]:
    """Return the captions of the pictures."""
    limit = 0.0 if document.findings.verdict is None else document.findings.verdict.llr_limit
    return [_caption(one, document, limit, words) for one in document.strongest]


def strongest_text(document: ReportDocument, words: Words) -> str:
    """Return what the pictures show and what they do not."""
    reach = reach_of(document.strongest)
    if reach is None:
        return words.paragraphs["strongest_text"]
    return words.paragraphs["strongest_explained"].format(
        n=_n_parts(document), reach=f"{reach:.1f}"
    )


def strongest_legend(document: ReportDocument, words: Words) -> list[Json]:
    """Return colours and what they mean, where the pictures have some."""
    if reach_of(document.strongest) is None:
        return []
    return [
        [step_colour(Side.SPOOF, Step.MODERATE), words.labels["legend_spoof"]],
        [step_colour(Side.BONAFIDE, Step.MODERATE), words.labels["legend_bonafide"]],
    ]


def strongest_pictures(document: ReportDocument) -> list[str]:
    """Return each picture as an SVG document, in the order of `strongest_captions`."""
    reach = reach_of(document.strongest)
    return [
        draw_plain(one.picture)
        if reach is None or one.occlusion is None
        else draw_explained(one.picture, one.occlusion, reach)
        for one in document.strongest
    ]


def clip_rows(document: ReportDocument, labels: Mapping[str, str]) -> list[Json]:
    """Return the clips that were written beside the report, with their checksums."""
    clips = [one.clip for one in document.strongest if one.clip is not None]
    return pairs([(clip.name, clip.sha256) for clip in clips])


def _caption(one: StrongestPart, document: ReportDocument, limit: float, words: Words) -> Caption:
    row = document.findings.segments[one.index]
    time = f"{clock(row.start_s)}–{clock(row.end_s)}"
    alt = words.paragraphs["strongest_alt"].format(time=time, top=f"{one.picture.max_hz / 1_000:g}")
    if one.occlusion is not None:
        changes = one.occlusion.llr_changes
        told = ", ".join(f"{change:+.2f}".replace("-", "\u2212") for change in changes)
        alt += " " + words.paragraphs["occlusion_alt"].format(n=len(changes), changes=told)
    return Caption(time, wording.cell_words(row.llr, limit, words), alt)


def _n_parts(document: ReportDocument) -> int:
    return max(len(one.occlusion.llr_changes) for one in document.strongest if one.occlusion)
