"""Reports of whole jobs, from a real database: what they say, in PDF, XLSX, CSV and JSON."""

import csv
import dataclasses
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from pypdf import PdfReader
from sqlalchemy import Engine, text

from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, SourceNotFoundError
from reports.as_job_json import to_job_json
from reports.as_job_pdf import to_job_pdf
from reports.job_facts import JobReport, gather
from reports.job_languages import JOB_LANGUAGES, job_words_of
from reports.job_sheets import write_items_csv, write_workbook
from reports.job_words_en import JOB_ENGLISH
from reports.languages import words_of
from reports.paper import Paper
from reports.words_en import ENGLISH
from storage import job_likeness_rows
from storage.job_report_rows import report_snapshot
from tests.integration.jobs.queue_makers import make_job, make_result
from tests.integration.reports.job_makers import Filling, fill_job, is_failed, verdict_of

pytestmark = pytest.mark.postgres
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOSTILE = '=cmd|" /C calc"!A0 #panic() <b>&amp;\u202e\u0301 {n}'


def report_of(engine: Engine, job_id: int, against: int | None = None) -> JobReport:
    with report_snapshot(engine) as connection:
        return gather(connection, job_id, NOON, against)


def words_on(pdf: bytes) -> str:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    return " ".join(" ".join(pages).replace("\u00a0", " ").replace("\u200b", "").split())


def pdf_of(report: JobReport) -> bytes:
    return to_job_pdf(report, JOB_ENGLISH, ENGLISH)


@pytest.fixture
def queue(engine: Engine) -> Iterator[WorkQueue]:
    queue = WorkQueue(engine)
    yield queue
    queue.close()


def test_every_item_is_counted_once_by_what_came_of_it(engine: Engine) -> None:
    job_id = fill_job(engine, Filling(200, with_documents=True))
    report = report_of(engine, job_id)
    n_failed = sum(map(is_failed, range(200)))
    n_synthetic = sum(
        verdict_of(n)[0] in ("synthetic", "partly_synthetic") and not is_failed(n)
        for n in range(200)
    )
    assert (report.n_items, report.count("failed"), report.n_found) == (200, n_failed, n_synthetic)
    assert report.expected_false == pytest.approx(0.1 * report.n_judged)
    said = words_on(pdf_of(report))
    assert f"Evidence of synthesis was found in {n_synthetic} of 200 items." in said
    assert f"about {round(0.1 * report.n_judged)} of them would be called synthetic" in said
    assert "media_corrupt" in said
    assert "Machine output, not reviewed by an examiner" in said
    assert f"End of report {report.report_id}" in said


def test_the_strongest_findings_come_first_and_lead_to_report_and_source(engine: Engine) -> None:
    job_id = fill_job(engine, Filling(300))
    report = report_of(engine, job_id)
    levels = [line.lowest_llr for line in report.strongest]
    assert levels == sorted(levels, key=lambda level: level or 0.0)
    assert len(levels) == 50
    first = report.strongest[0]
    with pikepdf.open(io.BytesIO(pdf_of(report))) as pdf:
        links = {
            str(note.A.URI)
            for page in pdf.pages
            for note in page.get("/Annots", [])
            if "/A" in note and "/URI" in note.A
        }
    assert f"verity-{job_id}-{first.item_id}.pdf" in links
    assert first.source_uri in links


def test_same_bytes_likely_copies_and_manners_of_synthesis_are_told_apart(engine: Engine) -> None:
    job_id = fill_job(engine, Filling(400, n_systems=3, n_copies=12, n_same=10))
    report = report_of(engine, job_id)
    with engine.connect() as connection:
        first_id = connection.scalar(text("SELECT min(item_id) FROM item")) or 0
    # item n of the last 12 is item n of the first 12 in other bytes
    near = {frozenset(group.item_ids) for group in report.near}
    for n in (0, 2, 5, 8):
        assert any({first_id + n, first_id + 388 + n} <= group for group in near)
    assert report.same_files.n_groups == 10
    assert {len(group.item_ids) for group in report.same_files.first} == {2}
    assert [len(group.item_ids) > 10 for group in report.alike[:3]] == [True] * 3
    for group in report.alike:
        systems = {_original(item_id - first_id, 400) // 10 % 3 for item_id in group.item_ids}
        assert len(systems) == 1
    said = words_on(pdf_of(report))
    assert "A hint where to listen, no finding." in said
    assert "Measured on systems that the method never met" in said


def _original(n: int, n_items: int) -> int:
    if n >= n_items - 12:
        return n - (n_items - 12)
    return n - (n_items - 22) if n >= n_items - 22 else n


def test_a_job_is_compared_with_the_one_before_of_the_same_sources(engine: Engine) -> None:
    before = fill_job(engine, Filling(60))
    other = fill_job(engine, Filling(5, name="Other", sources=("s3://elsewhere",)))
    job_id = fill_job(engine, Filling(70))
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE item SET verdict = 'synthetic', llr = -3 WHERE job_id = :job_id"
                " AND source_key = 'media:5'"
            ),
            {"job_id": job_id},
        )
    report = report_of(engine, job_id)
    assert report.comparison is not None
    assert report.comparison.before.job_id == before
    assert report.comparison.counts["new"] == 10
    assert report.comparison.counts["verdict"] == 1
    assert report.comparison.first[0].change == "verdict"
    assert report_of(engine, job_id, against=other).comparison is not None
    assert report_of(engine, before).comparison is None


def test_another_account_s_job_is_not_there_to_compare_with(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    theirs = fill_job(engine, Filling(5, account_id="other"))
    job_id = fill_job(engine, Filling(5))
    assert report_of(engine, job_id).comparison is None
    with pytest.raises(SourceNotFoundError):
        report_of(engine, job_id, against=theirs)
    with pytest.raises(InputError, match="itself"):
        report_of(engine, job_id, against=job_id)
    with pytest.raises(SourceNotFoundError):
        report_of(engine, 10**9)


def test_a_job_without_items_has_a_report_too(engine: Engine) -> None:
    job_id = fill_job(engine, Filling(0))
    report = report_of(engine, job_id)
    assert report.heat_map is None
    assert "The job has no items." in words_on(pdf_of(report))


def test_a_job_that_is_not_over_says_so(queue: WorkQueue, engine: Engine) -> None:
    job = make_job(queue, 3)
    (claim,) = queue.claim("worker")
    queue.finish(claim, make_result(claim))
    report = report_of(engine, int(job.job_id))
    assert "2 items are still open" in words_on(pdf_of(report))


def test_ten_hours_are_one_row_of_the_heat_map(queue: WorkQueue, engine: Engine) -> None:
    job = make_job(queue, 2)
    for claim, n_segments in zip(queue.claim("worker", limit=2), (36_000, 30), strict=True):
        queue.finish(claim, make_result(claim, n_segments=n_segments))
    report = report_of(engine, int(job.job_id))
    assert report.heat_map is not None
    assert len(report.heat_map.rows) == 2
    assert report.heat_map.cell_s * report.heat_map.n_columns >= 36_000
    assert len(PdfReader(io.BytesIO(pdf_of(report))).pages) <= 5


@pytest.mark.parametrize("n_items", [7, 500], ids=["a row an item", "a row for several"])
def test_the_heat_map_shows_every_analysed_item(engine: Engine, n_items: int) -> None:
    report = report_of(engine, fill_job(engine, Filling(n_items)))
    heat = report.heat_map
    assert heat is not None
    assert sum(row.bin.n_items for row in heat.rows) == n_items
    assert len(heat.rows) == min(n_items, 60)
    assert heat.is_single == (n_items == 7)
    assert {len(row.colours) for row in heat.rows} == {heat.n_columns}


@pytest.mark.parametrize("language", sorted(JOB_LANGUAGES))
def test_the_pdf_is_pdf_a_3a_and_ua_1_in_every_language(
    job_report: JobReport, language: str
) -> None:
    pdf = to_job_pdf(job_report, job_words_of(language), words_of(language), Paper.LETTER)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        root = opened.Root
        assert str(root.Lang) == language
        assert "/StructTreeRoot" in root
        assert bool(root.MarkInfo.Marked)
        assert len(root.OutputIntents) == 1
        assert not opened.is_encrypted
        with opened.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"
            assert metadata["pdfaid:conformance"] == "A"
            assert metadata["pdfuaid:part"] == "1"
        assert bytes(opened.attachments["job.json"].get_file().read_bytes()) == to_job_json(
            job_report
        )
        for page in opened.pages:
            for font in page.Resources.get("/Font", {}).values():
                (below,) = font.DescendantFonts
                assert {"/FontFile2", "/FontFile3"} & set(below.FontDescriptor.keys())
            for note in page.get("/Annots", []):
                assert "/Contents" in note
    assert _figures_have_words(pdf)


def _figures_have_words(pdf: bytes) -> bool:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        figures = [
            part
            for part in opened.objects
            if isinstance(part, pikepdf.Dictionary) and part.get("/S") == "/Figure"
        ]
        return bool(figures) and all(str(figure.get("/Alt", "")) for figure in figures)


@pytest.fixture
def job_report(engine: Engine) -> JobReport:
    """Return the report of a small job whose every text from outside is hostile."""
    fill_job(engine, Filling(30))
    job_id = fill_job(
        engine, Filling(30, title=HOSTILE, uri="javascript:alert({n})", name=HOSTILE, n_copies=2)
    )
    return report_of(engine, job_id)


def test_outside_text_is_printed_not_obeyed(job_report: JobReport) -> None:
    pdf = pdf_of(job_report)
    assert '=cmd|" /C calc"!A0 #panic() <b>&amp;' in words_on(pdf)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        links = [
            str(note.A.URI)
            for page in opened.pages
            for note in page.get("/Annots", [])
            if "/A" in note and "/URI" in note.A
        ]
    assert links
    assert all(link.startswith("verity-") for link in links)


def test_the_same_report_gives_the_same_bytes(job_report: JobReport) -> None:
    assert pdf_of(job_report) == pdf_of(dataclasses.replace(job_report))
    assert to_job_json(job_report) == to_job_json(dataclasses.replace(job_report))
    assert json.loads(to_job_json(job_report))["schema"] == "verity-job-report-1"


def test_no_cell_of_a_sheet_is_a_formula(engine: Engine, tmp_path: Path) -> None:
    fill_job(engine, Filling(30))
    job_id = fill_job(engine, Filling(30, title=HOSTILE, uri="@SUM({n})", name="+1+1"))
    with report_snapshot(engine) as connection:
        report = gather(connection, job_id, NOON)
        write_workbook(connection, report, JOB_ENGLISH, tmp_path / "job.xlsx")
        write_items_csv(connection, job_id, tmp_path / "job.csv")
    book = openpyxl.load_workbook(tmp_path / "job.xlsx")
    assert book.sheetnames == list(JOB_ENGLISH.sheets.values())
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    texts = [str(cell.value) for cell in cells if cell.data_type == "s"]
    assert not [value for value in texts if value.lstrip().startswith(("=", "+", "-", "@"))]
    assert [cell.value for cell in book["Items"]["A"]][1:] == [job_id] * 30
    with (tmp_path / "job.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert rows[0]["title"].startswith("'=cmd|")
    assert rows[0]["source_uri"] == "'@SUM(0)"
    assert float(rows[0]["llr"]) == verdict_of(0)[2]


def test_a_sheet_that_is_full_goes_on_on_the_next(engine: Engine, tmp_path: Path) -> None:
    job_id = fill_job(engine, Filling(45))
    with report_snapshot(engine) as connection:
        report = gather(connection, job_id, NOON)
        write_workbook(connection, report, JOB_ENGLISH, tmp_path / "job.xlsx", most_rows=21)
    book = openpyxl.load_workbook(tmp_path / "job.xlsx", read_only=True)
    names = [name for name in book.sheetnames if name.startswith("Items")]
    assert names == ["Items", "Items 2", "Items 3"]
    assert [len(list(book[name].iter_rows())) for name in names] == [21, 21, 6]
    numbers = [row[1].value for name in names for row in book[name].iter_rows(min_row=2)]
    assert len(set(numbers)) == 45


def test_pairs_by_index_are_those_of_comparing_all_with_all(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = fill_job(engine, Filling(150, n_systems=3, n_copies=8))
    exact = report_of(engine, job_id)
    monkeypatch.setattr(job_likeness_rows, "EXACT_UP_TO", 10)
    by_index = report_of(engine, job_id)
    assert by_index.near == exact.near
    assert {group.item_ids for group in by_index.alike} == {group.item_ids for group in exact.alike}


def test_items_whose_analysis_was_reused_are_heard_by_the_earlier_one(engine: Engine) -> None:
    first = fill_job(engine, Filling(40, n_systems=2))
    job_id = fill_job(engine, Filling(40, n_systems=2))
    with engine.begin() as connection:  # as a second run of a sweep is: nothing of its own
        connection.execute(
            text(
                "UPDATE analysis mine SET reused_item_id = first.item_id FROM analysis first"
                " WHERE mine.job_id = :job_id AND first.job_id = :first"
                " AND first.item_id = mine.item_id - 40"
            ),
            {"job_id": job_id, "first": first},
        )
        connection.execute(text("DELETE FROM item_embedding WHERE job_id = :job"), {"job": job_id})
        connection.execute(
            text(
                "DELETE FROM segment USING analysis a WHERE a.analysis_id = segment.analysis_id"
                " AND a.job_id = :job"
            ),
            {"job": job_id},
        )
    earlier, report = report_of(engine, first), report_of(engine, job_id)
    assert report.heat_map is not None
    assert earlier.heat_map is not None
    colours = [row.colours for row in report.heat_map.rows]
    assert colours == [row.colours for row in earlier.heat_map.rows]
    assert len(report.alike) == len(earlier.alike) > 0


def test_memory_does_not_grow_with_the_rows(engine: Engine, tmp_path: Path) -> None:
    peaks = []
    for n_items in (300, 2_400):
        job_id = fill_job(engine, Filling(n_items, n_segments=1, name=f"{n_items}"))
        with report_snapshot(engine) as connection:
            report = gather(connection, job_id, NOON)
            write_items_csv(connection, job_id, tmp_path / "first.csv")  # what is loaded once
            tracemalloc.start()
            write_workbook(connection, report, JOB_ENGLISH, tmp_path / "job.xlsx")
            write_items_csv(connection, job_id, tmp_path / "job.csv")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] + 500_000
