"""A file's own manifest (C2PA) is read without network, and no manifest can stop an item."""

import random
import struct
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from pipeline.errors import ConfigError
from pipeline.limits import ChildLimits
from pipeline.provenance import read_provenance
from pipeline.vocabulary import Provenance, ProvenanceState
from reports.as_json import from_json, to_json
from reports.as_pdf import to_pdf
from reports.document import to_document
from reports.languages import LANGUAGES
from reports.provenance import provenance_sentence
from tests.makers import speech_like, write_wav
from tests.signed_media import make_signer, sign_media
from tests.unit.reports.report_maker import CARD, CONTEXT, make_media, make_report, spliced_report

# no reader can begin in this time: what is found out nevertheless needed none
NO_TIME = ChildLimits(cpu_s=5, memory_bytes=2 << 30, file_bytes=0, stall_s=10, wall_s=0.01)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = write_wav(tmp_path_factory.mktemp("sound") / "speech.wav", speech_like(1, 3.0))
    return path.read_bytes()


@pytest.fixture(scope="module")
def signed(plain: bytes) -> bytes:
    return sign_media(plain)


@pytest.fixture
def trust_list(tmp_path: Path) -> Path:
    path = tmp_path / "trust.pem"
    path.write_bytes(make_signer().root_pem)
    return path


def read(tmp_path: Path, content: bytes, trust_list: Path | None = None) -> Provenance:
    path = tmp_path / "item"  # a name without an ending, as a fetched file may have
    path.write_bytes(content)
    return read_provenance(path, trust_list)


def test_who_signed_and_what_is_claimed_is_read(tmp_path: Path, signed: bytes) -> None:
    found = read(tmp_path, signed)
    assert found.state is ProvenanceState.VALID
    assert found.signer == "Test Signer, Test Press"
    assert found.generator == "Test Synthesiser 1"
    assert found.claims == ("trainedAlgorithmicMedia",)
    assert found.tool.startswith("c2pa-python ")
    assert found.trust_list == ""


def test_signer_on_the_trust_list_is_trusted(
    tmp_path: Path, signed: bytes, trust_list: Path
) -> None:
    found = read(tmp_path, signed, trust_list)
    assert found.state is ProvenanceState.TRUSTED
    assert len(found.trust_list) == 64


def test_changed_sound_no_longer_fits(tmp_path: Path, signed: bytes, trust_list: Path) -> None:
    changed = bytearray(signed)
    changed[5_000] ^= 1
    found = read(tmp_path, bytes(changed), trust_list)
    assert found.state is ProvenanceState.INVALID
    assert "assertion.dataHash.mismatch" in found.problems


def test_file_without_a_manifest_starts_no_reader(tmp_path: Path, plain: bytes) -> None:
    path = tmp_path / "item"
    path.write_bytes(plain)
    assert read_provenance(path, limits=NO_TIME) == Provenance(ProvenanceState.ABSENT)


def test_mark_without_a_manifest_is_none(tmp_path: Path, plain: bytes) -> None:
    assert read(tmp_path, plain + b"c2pa").state is ProvenanceState.ABSENT
    assert read(tmp_path, b"no medium, but c2pa").state is ProvenanceState.ABSENT
    assert read(tmp_path, b"").state is ProvenanceState.ABSENT


@pytest.mark.parametrize("seed", range(8))
def test_garbage_in_a_manifest_stops_nothing(tmp_path: Path, signed: bytes, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 (no secret)
    garbage = bytearray(signed)
    start = garbage.find(b"c2pa")
    for _ in range(seed * 20 + 1):
        garbage[rng.randrange(start, len(garbage))] = rng.randrange(256)
    if seed == 7:
        garbage = garbage[: start + 500]
    found = read(tmp_path, bytes(garbage))
    assert found.state in {
        ProvenanceState.INVALID,
        ProvenanceState.UNREADABLE,
        ProvenanceState.ABSENT,
    }


def test_box_that_claims_to_be_huge_stops_nothing(tmp_path: Path, plain: bytes) -> None:
    box = b"C2PA" + struct.pack("<I", 0x7FFFFFF0) + struct.pack(">I", 0xFFFFFFFF) + b"jumbc2pa"
    found = read(tmp_path, plain + box * 3)
    assert found.state in set(ProvenanceState) - {ProvenanceState.VALID, ProvenanceState.TRUSTED}


def test_reader_that_takes_too_much_is_ended_and_said(tmp_path: Path, signed: bytes) -> None:
    path = tmp_path / "item"
    path.write_bytes(signed)
    starved = ChildLimits(cpu_s=5, memory_bytes=40 << 20, file_bytes=0, stall_s=60, wall_s=60)
    assert read_provenance(path, limits=starved).problems == ("reader_died",)
    found = read_provenance(path, limits=NO_TIME)
    assert (found.state, found.problems) == (ProvenanceState.UNREADABLE, ("timed_out",))


def test_trust_list_that_holds_no_certificate_is_named(tmp_path: Path, plain: bytes) -> None:
    wrong = tmp_path / "wrong.pem"
    with pytest.raises(ConfigError, match="VERITY_C2PA_TRUST"):
        read(tmp_path, plain, wrong)
    wrong.write_text("no certificate")
    with pytest.raises(ConfigError, match="VERITY_C2PA_TRUST"):
        read(tmp_path, plain, wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_its_sentence_in_json_and_pdf(language: str) -> None:
    words = LANGUAGES[language]
    for state in ProvenanceState:
        provenance = Provenance(
            state, "Test Signer\0\u202e", claims=("trainedAlgorithmicMedia",), tool="c2pa-python"
        )
        report = spliced_report()
        assert report.media is not None
        report = replace(report, media=replace(report.media, provenance=provenance))
        document = to_document(report, CARD, CONTEXT, words)
        assert document.provenance is not None
        assert from_json(to_json(document)).provenance == document.provenance
        sentence = provenance_sentence(document.provenance, words)
        assert words.paragraphs["provenance_synthetic"] in sentence


def test_pdf_shows_what_a_file_says_of_its_origin_and_that_absence_proves_nothing(
    tmp_path: Path,
) -> None:
    texts = {}
    for state in (ProvenanceState.ABSENT, ProvenanceState.INVALID):
        media = replace(make_media(), provenance=Provenance(state, problems=("some.code",)))
        report = replace(spliced_report(), media=media)
        path = tmp_path / f"{state}.pdf"
        path.write_bytes(to_pdf(to_document(report, CARD, CONTEXT)))
        pages = [page.extract_text() for page in pypdf.PdfReader(path).pages]
        texts[state] = " ".join(" ".join(pages).split())
        assert "Provenance data" in pages[0] + pages[1]
    assert "absent proves nothing" in texts[ProvenanceState.ABSENT]
    assert "do not hold" in texts[ProvenanceState.INVALID]
    assert "some.code" in texts[ProvenanceState.INVALID]


def test_findings_stay_the_same_whatever_a_manifest_says() -> None:
    with_manifest = replace(make_media(), provenance=Provenance(ProvenanceState.TRUSTED))
    sums = {
        to_document(make_report(None, None, media), CARD, CONTEXT).findings_sha256
        for media in (make_media(), with_manifest)
    }
    assert len(sums) == 1
