"""One LLR walked through every output: DESIGN.md §3's one sign."""

import csv
import io
import json
import re

import pytest

from pipeline.vocabulary import VerdictKind
from reports.as_csv import to_csv
from reports.as_json import to_json
from reports.as_spans import SPAN_FORMATS
from reports.document import ReportDocument, to_document
from reports.fonts import page_glyphs
from reports.page import page_data
from reports.scale import EVEN_COLOUR, Side, cell_colour, weigh
from reports.timeline import timeline_of
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import CARD, CONTEXT, LLR_LIMIT, steady_report

# llr, verdict, side, what the strength sentence says
WALK = [
    (-8.0, VerdictKind.SYNTHETIC, "spoof", "48 times more probable if the voice is synthetic"),
    (-1.0, VerdictKind.INCONCLUSIVE, "spoof", "3 times more probable if the voice is synthetic"),
    (0.0, VerdictKind.INCONCLUSIVE, "neither", "they do not help to tell"),
    (1.0, VerdictKind.NO_EVIDENCE, "bonafide", "3 times more probable if the voice was spoken"),
    (8.0, VerdictKind.NO_EVIDENCE, "bonafide", "48 times more probable if the voice was spoken"),
]


def document_of(llr: float) -> ReportDocument:
    return to_document(steady_report(llr), CARD, CONTEXT)


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_verdict_and_headline_agree_with_the_sign(
    llr: float, kind: VerdictKind, side: str, words: str
) -> None:
    document = document_of(llr)
    assert document.findings.verdict is not None
    assert document.findings.verdict.kind is kind
    assert document.findings.verdict.llr == llr
    assert document.summary.headline == ENGLISH.headlines[kind]


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_strength_sentence_names_the_side_that_the_sign_supports(
    llr: float, kind: VerdictKind, side: str, words: str
) -> None:
    assert words in document_of(llr).summary.how_sure[0]


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_cell_colour_is_warm_for_synthetic_and_cold_for_a_person(
    llr: float, kind: VerdictKind, side: str, words: str
) -> None:
    colours = {cell.colour for cell in timeline_of(document_of(llr).findings).lanes[0].cells}
    (colour,) = colours
    red, blue = int(colour[1:3], 16), int(colour[5:7], 16)
    if side == "neither":
        assert colour == EVEN_COLOUR
    else:
        assert (red > blue) is (side == "spoof")


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_csv_keeps_the_signed_number_and_names_the_side(
    llr: float, kind: VerdictKind, side: str, words: str
) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(document_of(llr)).decode())))
    assert {float(row["llr"]) for row in rows} == {llr}
    assert {row["supports"] for row in rows} == {side}


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_page_never_shows_lay_readers_a_bare_signed_number(
    llr: float, kind: VerdictKind, side: str, words: str
) -> None:
    document = document_of(llr)
    page = page_data(document, timeline_of(document.findings), ENGLISH, page_glyphs())
    first = [page[part] for part in ("headline", "detail", "how_sure", "not_examined")]
    assert not re.search(r"[-+−]\d", str(first))


@pytest.mark.parametrize("llr", [-LLR_LIMIT, -2.0, 2.0, LLR_LIMIT])
def test_opposite_numbers_have_equal_strength_on_opposite_sides(llr: float) -> None:
    here, there = weigh(llr, LLR_LIMIT), weigh(-llr, LLR_LIMIT)
    assert (here.step, here.times) == (there.step, there.times)
    assert {here.side, there.side} == {Side.BONAFIDE, Side.SPOOF}


def test_a_cell_without_a_score_has_a_colour_of_its_own() -> None:
    scored = {cell_colour(llr / 10, 10.0) for llr in range(-100, 101)}
    assert cell_colour(None, 10.0) not in scored


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_every_export_names_the_side_of_the_sign(
    llr: float, kind: VerdictKind, side: str, words: str
) -> None:
    document = document_of(llr)
    said = {"spoof": "synthetic, ", "bonafide": "person, ", "neither": "does not help"}
    textgrid = SPAN_FORMATS["textgrid"][1](document, ENGLISH).decode()
    assert said.pop(side) in textgrid
    assert not any(other in textgrid for other in said.values())
    marked = kind is VerdictKind.SYNTHETIC
    for name in ("audacity", "webvtt"):
        assert ("synthetic, 48×" in SPAN_FORMATS[name][1](document, ENGLISH).decode()) is marked
    rows = list(csv.DictReader(io.StringIO(SPAN_FORMATS["csv"][1](document, ENGLISH).decode())))
    assert [(float(row["llr"]), row["supports"]) for row in rows] == [(llr, side)] * marked


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_captions_of_the_strongest_seconds_name_the_side_of_the_sign(
    llr: float, kind: VerdictKind, side: str, words: str
) -> None:
    document = document_of(llr)
    page = page_data(document, timeline_of(document.findings), ENGLISH, page_glyphs())
    shown = str([one["words"] for one in page["strongest"]])  # type: ignore[index, union-attr, call-overload] # any JSON
    assert ("synthetic" in shown) is (side == "spoof")
    assert ("person" in shown) is (side == "bonafide")
    assert not re.search(r"[-+−]\d", shown)


@pytest.mark.parametrize(("llr", "kind", "side", "words"), WALK)
def test_json_keeps_the_signed_number(llr: float, kind: VerdictKind, side: str, words: str) -> None:
    tree = json.loads(to_json(document_of(llr)))
    assert tree["findings"]["verdict"]["llr"] == llr
    assert {row["llr"] for row in tree["findings"]["segments"]} == {llr}
    assert {one["index"] for one in tree["strongest"]} == {0, 1, 28, 29}
