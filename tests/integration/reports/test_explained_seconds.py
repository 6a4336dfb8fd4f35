"""What moved the scores of the strongest seconds: in JSON, in the PDF of every language, in its words."""

import io
import json
import re

import jsonschema
import pikepdf
import pytest

from pipeline.vocabulary import MediaReport
from reports.as_json import SCHEMA_PATH, from_json, to_json
from reports.as_pdf import to_pdf
from reports.document import ReportDocument, to_document
from reports.findings import findings_sha256
from reports.languages import LANGUAGES
from reports.occlusion_picture import draw_explained, reach_of
from reports.page_strongest import strongest_pictures, strongest_text
from reports.scale import Side, Step, part_side, step_colour
from reports.sound_parts import OcclusionPart
from reports.words import Words
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    Sound,
    make_changes,
    make_media,
    make_report,
    make_scores,
    make_traces,
    make_verdict,
)

ROWS = (6, 13, 20, 27)
MOST_BYTES = 500_000


def three_minutes(*, explained: bool = True) -> MediaReport:
    scores = make_scores(Sound([float(index % 7) - 2.0 for index in range(180)]))
    traces = make_traces(180.0, ROWS, explained=explained)
    return make_report(scores, make_verdict(), make_media(180.0), traces=traces)


def document_of(report: MediaReport, words: Words = ENGLISH) -> ReportDocument:
    return to_document(report, CARD, CONTEXT, words)


def alternatives(pdf: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [
            str(one.Alt)
            for one in opened.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/Figure"
        ]


def test_the_json_says_how_far_each_part_moves_the_llr_and_keeps_to_its_schema() -> None:
    document = document_of(three_minutes())
    content = to_json(document)
    jsonschema.validate(json.loads(content), json.loads(SCHEMA_PATH.read_bytes()))
    for one, row in zip(json.loads(content)["strongest"], ROWS, strict=True):
        assert one["index"] == row
        assert one["occlusion"]["part_s"] == pytest.approx(1 / 14, abs=1e-3)
        assert one["occlusion"]["llr_changes"] == pytest.approx(make_changes(row), abs=1e-3)
    assert from_json(content) == document


def test_the_map_lies_beside_the_findings() -> None:
    explained, plain = document_of(three_minutes()), document_of(three_minutes(explained=False))
    assert findings_sha256(explained.findings) == findings_sha256(plain.findings)
    assert [one.occlusion for one in plain.strongest] == [None] * 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_of_every_language_conforms_stays_small_and_tells_each_number(
    language: str,
) -> None:
    words = LANGUAGES[language]
    pdf = to_pdf(document_of(three_minutes(), words), words)  # Typst refuses what does not conform
    assert len(pdf) < MOST_BYTES
    numbers = [re.findall(r"[+\u2212]\d\.\d\d", alt) for alt in alternatives(pdf)]
    told = [found for found in numbers if found]
    assert [(len(found), found[0]) for found in told] == [
        (14, f"{make_changes(row)[0]:+.2f}") for row in ROWS
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_what_the_colours_mean_and_what_a_full_bar_is(language: str) -> None:
    words = LANGUAGES[language]
    explained = strongest_text(document_of(three_minutes(), words), words)
    plain = strongest_text(document_of(three_minutes(explained=False), words), words)
    assert "14" in explained
    assert "1.5" in explained
    assert "LLR" in explained
    assert "explain" in plain
    assert "{" not in explained + plain


@pytest.mark.parametrize(("change", "side"), [(1.0, Side.SPOOF), (-1.0, Side.BONAFIDE)])
def test_a_part_speaks_for_the_side_that_the_llr_leaves_when_it_is_hidden(
    change: float, side: Side
) -> None:
    picture = document_of(three_minutes()).strongest[0].picture
    occlusion = OcclusionPart(part_s=0.5, llr_changes=(change, 0.0))
    drawn = draw_explained(picture, occlusion, 2.0)
    colour, other = (
        step_colour(one, Step.MODERATE)
        for one in (side, Side.BONAFIDE if side is Side.SPOOF else Side.SPOOF)
    )
    assert part_side(change) is side
    assert other not in drawn
    tint, bar = re.findall(rf'<rect [^>]*y="([0-9.]+)"[^>]*fill="{colour}"', drawn)
    middle = 22.5
    assert float(tint) == 0.0
    assert float(bar) == pytest.approx(middle if side is Side.SPOOF else middle - 2.25)


def test_pictures_share_one_scale_and_small_changes_are_drawn_small() -> None:
    document = document_of(three_minutes())
    assert reach_of(document.strongest) == pytest.approx(1.527, abs=1e-3)
    small = OcclusionPart(part_s=0.5, llr_changes=(0.01, -0.01))
    quiet = [one.model_copy(update={"occlusion": small}) for one in document.strongest]
    assert reach_of(quiet) == pytest.approx(0.693, abs=1e-3)  # ln 2: nothing that counts
    assert reach_of(document_of(three_minutes(explained=False)).strongest) is None
    assert len(set(strongest_pictures(document))) == 4
