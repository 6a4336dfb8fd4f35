"""Spectrograms, strongest seconds, steps and signature: in JSON, in the PDF, and when bytes change."""

import base64
import hashlib
import io
import json
import wave
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pikepdf
import pytest
from pypdf import PdfReader

from pipeline.vocabulary import MediaReport
from reports.as_json import SCHEMA_PATH, to_json
from reports.as_pdf import to_pdf
from reports.custody_parts import signer_of_key
from reports.document import ReportDocument, to_document
from reports.grey_png import SIGNATURE, to_png
from reports.json_signature import signer_of
from reports.languages import LANGUAGES
from reports.paper import Paper
from reports.pdf_signature import signer_of_pdf
from reports.rendering import render
from reports.signing_keys import SigningKey, create_key
from reports.sound_parts import to_clips
from reports.words import Words
from reports.words_en import ENGLISH
from tests.unit.reports.report_maker import (
    CARD,
    CONTEXT,
    SHA256,
    Sound,
    make_media,
    make_report,
    make_scores,
    make_traces,
    make_verdict,
    spliced_report,
    steady_report,
)

MOST_BYTES = 500_000


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return create_key(tmp_path_factory.mktemp("keys"), "Example Laboratory")


def document_of(
    report: MediaReport, key: SigningKey | None = None, words: Words = ENGLISH
) -> ReportDocument:
    signer = None if key is None else signer_of_key(key)
    return to_document(report, CARD, replace(CONTEXT, signer=signer), words)


def text_of(pdf: bytes) -> list[str]:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return [" ".join(page.extract_text().replace("\u200b", "").split()) for page in pages]


def three_minutes() -> MediaReport:
    scores = make_scores(Sound([float(index % 7) - 2.0 for index in range(180)]))
    traces = make_traces(180.0, (6, 13, 20, 27))
    return make_report(scores, make_verdict(), make_media(180.0), traces=traces)


PLACES = [*((language, Paper.A4) for language in LANGUAGES), ("en", Paper.LETTER)]


@pytest.mark.parametrize(("language", "paper"), PLACES)
def test_page_1_holds_picture_item_and_hash_in_every_language(language: str, paper: Paper) -> None:
    words = LANGUAGES[language]
    pdf = to_pdf(document_of(spliced_report(), None, words), words, paper)
    first = "".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    assert SHA256 in first or SHA256[::-1] in first  # readers of Arabic may turn lines round
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert len(opened.pages[0].get_images()) == 1


@pytest.mark.parametrize("language", ["en", "ar", "ko"])
def test_three_minutes_with_pictures_and_signature_stay_small(
    language: str, key: SigningKey
) -> None:
    words = LANGUAGES[language]
    files = render(document_of(three_minutes(), key, words), {}, key, words)
    assert {file.kind: len(file.content) < MOST_BYTES for file in files}["pdf"]


def test_every_picture_has_an_alternative_text() -> None:
    pdf = to_pdf(document_of(spliced_report()))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        figures = [
            str(one.Alt)
            for one in opened.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/Figure"
        ]
    assert len(figures) == 5  # the timeline, and four seconds
    assert sum("pectrogram" in alt for alt in figures) == 5


def test_a_packed_pdf_keeps_its_conformance_marks_and_can_be_signed(key: SigningKey) -> None:
    words = LANGUAGES["ar"]
    pdf = to_pdf(document_of(three_minutes(), key, words), words)
    assert b"/ObjStm" in pdf
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfuaid:part"]) == ("3", "1")
        assert opened.Root.MarkInfo.Marked
        assert len(opened.Root.AF) == 2
        assert "/ID" in opened.trailer
    assert to_pdf(document_of(three_minutes(), key, words), words) == pdf
    (signed,) = (
        file.content
        for file in render(document_of(three_minutes(), key, words), {}, key, words)
        if file.kind == "pdf"
    )
    assert signed.startswith(pdf)
    signer = signer_of_pdf(signed)
    assert signer is not None
    assert signer.holds


def test_the_steps_machines_and_signer_stand_in_json_and_pdf(key: SigningKey) -> None:
    document = document_of(spliced_report(), key)
    pages = " ".join(text_of(to_pdf(document)))
    tree = json.loads(to_json(document))
    steps = tree["processing"]["derivation"]
    assert [step["step"] for step in steps] == ["fetch", "probe", "decode", "separate"]
    for step in steps:
        assert step["command"] in pages
        assert step["output_sha256"] in pages.replace(" ", "")
    assert tree["processing"]["machines"][0]["processor"] in pages
    assert tree["signature"]["signer"] == "Example Laboratory"
    assert "Signed by Example Laboratory" in pages
    assert tree["signature"]["certificate_sha256"] in pages.replace(" ", "")
    assert "made without a signature" in " ".join(text_of(to_pdf(document_of(spliced_report()))))


def test_the_json_with_all_of_it_fits_the_published_schema(key: SigningKey) -> None:
    tree = json.loads(to_json(document_of(steady_report(-8.0), key)))
    jsonschema.validate(tree, json.loads(SCHEMA_PATH.read_bytes()))
    for picture in (*tree["pictures"], *(one["picture"] for one in tree["strongest"])):
        assert base64.b64decode(picture["png"]).startswith(SIGNATURE)


def test_pictures_clips_and_signature_change_no_finding(key: SigningKey) -> None:
    bare = replace(steady_report(1.0), traces=make_traces(30.0))
    full = steady_report(1.0)
    assert document_of(bare).findings_sha256 == document_of(full, key).findings_sha256


def test_a_picture_is_a_png_that_others_read() -> None:
    from PIL import Image

    levels = np.arange(64 * 480, dtype=np.uint32).reshape(64, 480).astype(np.uint8)
    image = Image.open(io.BytesIO(to_png(levels)))
    assert (image.size, image.mode) == ((480, 64), "L")
    grey = np.asarray(image).astype(int)
    assert grey.max() == 255
    assert (grey[-1, :248:8] >= grey[-1, 8:256:8]).all()  # the lowest band last, louder is darker


def test_clips_come_by_permission_and_a_changed_byte_is_found() -> None:
    report = steady_report(8.0)
    document, clips = document_of(report), to_clips(report)
    assert len(clips) == 4
    named = {one.clip.name: one.clip for one in document.strongest if one.clip is not None}
    assert set(named) == set(clips)
    for name, content in clips.items():
        with wave.open(io.BytesIO(content)) as wav:
            assert (wav.getframerate(), wav.getnframes(), wav.getsampwidth()) == (16_000, 16_000, 2)
        assert hashlib.sha256(content).hexdigest() == named[name].sha256
        changed = content[:-1] + bytes([content[-1] ^ 1])
        assert hashlib.sha256(changed).hexdigest() != named[name].sha256
    forbidden = replace(report, options=replace(report.options, keep_clips=False))
    assert to_clips(forbidden) == {}
    assert [one.clip for one in document_of(forbidden).strongest] == [None] * 4


def test_a_changed_byte_in_any_signed_file_is_found(key: SigningKey) -> None:
    files = {
        file.kind: file.content for file in render(document_of(spliced_report(), key), {}, key)
    }
    report, token, pdf = files["json"], files["jws"], files["pdf"]
    assert signer_of(report, token) is not None
    for place in range(0, len(token) - 1, 37):
        changed = token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]
        assert signer_of(report, changed) != key.certificate
    end = pdf.index(b"/Contents <")
    for place in range(10, end, end // 12):
        changed = pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]
        found = signer_of_pdf(changed)
        assert found is None or not found.holds


def test_no_local_path_stands_in_a_report(tmp_path: Path, key: SigningKey) -> None:
    text = to_json(document_of(spliced_report(), key)).decode()
    assert "/private/never/shown" not in text
    assert str(tmp_path) not in text
