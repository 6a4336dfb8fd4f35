"""A signed report is checked; one changed byte anywhere is found."""

import dataclasses
import io
import stat
from pathlib import Path

import pikepdf
import pytest

from pipeline.errors import InputError
from reports.as_json import to_json
from reports.as_pdf import to_pdf
from reports.custody_parts import signer_of_key
from reports.document import to_document
from reports.json_signature import sign_json, signer_of
from reports.pdf_signature import sign_pdf, signer_of_pdf
from reports.private_keys import PemKey
from reports.signer_checks import KnownSigners, Outcome
from reports.signing_keys import create_key, current_key, import_key, known_certificates, place_of
from reports.verification import check_report, open_report
from tests.unit.reports.report_maker import CARD, CONTEXT, spliced_report

DOCUMENT = to_document(spliced_report("Grüße"), CARD, CONTEXT)


def outcomes(path: Path, jws: bytes | None, keys: Path, media: Path | None = None) -> list[Outcome]:
    return [
        check.outcome for check in check_report(open_report(path), jws, KnownSigners(keys), media)
    ]


def test_a_signed_json_holds_and_a_changed_byte_is_found(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    report = to_json(DOCUMENT)
    token = sign_json(report, key)
    path = tmp_path / "report.json"
    path.write_bytes(report)
    assert outcomes(path, token, tmp_path / "keys") == [
        Outcome.HOLDS,
        Outcome.ABSENT,  # no time stamp
        Outcome.HOLDS,
        Outcome.ABSENT,
    ]
    for place in range(0, len(report), 997):
        changed = report[:place] + bytes([report[place] ^ 1]) + report[place + 1 :]
        assert signer_of(changed, token) is None


def test_changed_findings_are_found_without_any_signature(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(to_json(DOCUMENT).replace(b'"llr":', b'"llr":1', 1))
    assert outcomes(path, None, tmp_path)[2] == Outcome.FAILS


def test_a_signed_pdf_holds_and_a_changed_byte_is_found(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    pdf = to_pdf(DOCUMENT)
    signed = sign_pdf(pdf, key)
    assert signed.startswith(pdf)  # appended, nothing rewritten
    signer = signer_of_pdf(signed)
    assert signer is not None
    assert signer.holds
    assert signer.certificate == key.certificate
    place = signed.index(b"/Contents") // 2
    changed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
    again = signer_of_pdf(changed)
    assert again is None or not again.holds
    path = tmp_path / "report.pdf"
    path.write_bytes(signed)
    assert outcomes(path, None, tmp_path / "keys")[::2] == [Outcome.HOLDS, Outcome.HOLDS]


def test_a_changed_byte_that_makes_a_signature_unreadable_is_no_missing_signature(
    tmp_path: Path,
) -> None:
    signed = sign_pdf(to_pdf(DOCUMENT), create_key(tmp_path / "keys", "Example Laboratory"))
    path = tmp_path / "report.pdf"
    # in the name of the field, in the signature, in its range, in its form, in the file's last offset
    marks = (b"VeritySignature", b"/Contents <3", b"/ByteRange", b"/ETSI.CAdES", b"startxref\n")
    for place in (signed.rindex(mark) + len(mark) for mark in marks):
        path.write_bytes(signed[: place - 2] + bytes([signed[place - 2] ^ 1]) + signed[place - 1 :])
        assert outcomes(path, None, tmp_path / "keys")[0] == Outcome.FAILS, place
    path.write_bytes(to_pdf(DOCUMENT))
    assert outcomes(path, None, tmp_path / "keys")[0] == Outcome.ABSENT


def test_a_report_that_says_it_is_signed_fails_without_its_signature(tmp_path: Path) -> None:
    key = create_key(tmp_path / "keys", "Example Laboratory")
    context = dataclasses.replace(CONTEXT, signer=signer_of_key(key))
    path = tmp_path / "report.pdf"
    path.write_bytes(to_pdf(to_document(spliced_report(), CARD, context)))
    assert outcomes(path, None, tmp_path / "keys")[0] == Outcome.FAILS


@pytest.mark.parametrize("is_signed", [False, True])
def test_the_rules_of_pdf_a_and_ua_hold_before_and_after_signing(
    tmp_path: Path, is_signed: bool
) -> None:
    pdf = to_pdf(DOCUMENT)
    if is_signed:
        pdf = sign_pdf(pdf, create_key(tmp_path, "Example Laboratory"))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        root = opened.Root
        assert not opened.is_encrypted
        assert root.OutputIntents[0].S == "/GTS_PDFA1"
        assert root.MarkInfo.Marked
        assert str(root.Lang) == "en"
        assert "/StructTreeRoot" in root
        assert root.ViewerPreferences.DisplayDocTitle
        with opened.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"
            assert metadata["pdfaid:conformance"] == "A"
            assert metadata["pdfuaid:part"] == "1"
        assert [str(entry.AFRelationship) for entry in root.AF] == ["/Data", "/Data"]
        figures = [
            element for element in elements(root.StructTreeRoot) if element.get("/S") == "/Figure"
        ]
        assert figures
        assert all(str(figure.get("/Alt", "")) for figure in figures)
        assert all_fonts_are_embedded(opened)


def elements(node: pikepdf.Object) -> list[pikepdf.Object]:
    """Every structure element below a node."""
    found: list[pikepdf.Object] = []
    kids = node.get("/K", pikepdf.Array())
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            found += [kid, *elements(kid)]
    return found


def all_fonts_are_embedded(opened: pikepdf.Pdf) -> bool:
    descriptors = [
        entry
        for entry in opened.objects
        if isinstance(entry, pikepdf.Dictionary) and entry.get("/Type") == "/FontDescriptor"
    ]
    return bool(descriptors) and all(
        {"/FontFile2", "/FontFile3"} & set(descriptor.keys()) for descriptor in descriptors
    )


def test_the_media_s_bytes_are_compared(tmp_path: Path) -> None:
    report, media = tmp_path / "report.json", tmp_path / "media.wav"
    report.write_bytes(to_json(DOCUMENT))
    media.write_bytes(b"other bytes")
    assert outcomes(report, None, tmp_path, media)[3] == Outcome.FAILS


def test_keys_are_private_kept_and_rotated(tmp_path: Path) -> None:
    assert current_key(tmp_path / "keys") is None
    first = create_key(tmp_path / "keys", "One")
    assert stat.S_IMODE((place_of(tmp_path / "keys", first) / "key.pem").stat().st_mode) == 0o600
    second = create_key(tmp_path / "keys", "Two")
    assert current_key(tmp_path / "keys") == second
    assert {c.serial_number for c in known_certificates(tmp_path / "keys")} == {
        first.certificate.serial_number,
        second.certificate.serial_number,
    }
    assert isinstance(first.private, PemKey)
    import_key(tmp_path / "keys", first.private.pem, first.certificate_pem)
    assert current_key(tmp_path / "keys") == first
    with pytest.raises(InputError, match="another key"):
        import_key(tmp_path, first.private.pem, second.certificate_pem)


def test_what_is_no_report_is_named(tmp_path: Path) -> None:
    for name, content in (("a.json", b"{}"), ("b.pdf", b"%PDF-1.7\n"), ("c", b"\0\xff")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="is not a report"):
            open_report(tmp_path / name)
