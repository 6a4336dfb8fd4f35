"""An examiner's opinion is a new version of a report: signed, in the log, and nothing is overwritten."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdf
import pytest
from sqlalchemy import Connection, Engine, text

from console.api.report_shelf import newest_json as newest_json_of
from console.audit_check import check_audit
from console.queue_access import QueueAccess
from console.reviewing import review_file, review_item
from console.settings import ConsoleSettings
from jobs.job_desk import JobDesk
from jobs.retention import delete_item
from jobs.spec import ItemClaim, ItemResult, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import MediaReport
from reports.as_json import from_json, to_json
from reports.document import ReportDocument, to_document
from reports.json_signature import sign_json
from reports.languages import LANGUAGES
from reports.opinion import Opinion
from reports.paper import Paper
from reports.rendering import render
from reports.reviewing import NewOpinion, reviewed
from reports.signer_checks import Check, KnownSigners, Outcome
from reports.signing_keys import SigningKey, create_key
from reports.verification import check_report, open_report
from storage.audit_rows import rows_of_item
from storage.kept_objects import get_object, put_object, sweep_orphans
from storage.objects import FolderStore
from storage.review_rows import NewReview, newest_json, write_review
from storage.states import AttemptEnd
from tests.integration.jobs.queue_makers import make_job, make_result
from tests.unit.reports.report_maker import CARD, CONTEXT, failed_report, spliced_report

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
DISAGREE = NewOpinion(Opinion.DISAGREE, "A telephone line.\nNothing else.", "Dr. Example", NOW)
AGREE = NewOpinion(Opinion.AGREE, "On second thoughts.", "", NOW)


@pytest.fixture
def settings(tmp_path: Path) -> ConsoleSettings:
    return ConsoleSettings({"VERITY_VAR": str(tmp_path / "var")})


@pytest.fixture
def key(settings: ConsoleSettings) -> SigningKey:
    return create_key(settings.storage.keys, "Second Examiner")


@pytest.fixture
def report(tmp_path: Path, key: SigningKey) -> Path:
    document = to_document(spliced_report(), CARD, CONTEXT)
    for file in render(document, {}, key):
        (tmp_path / f"report{file.ending}").write_bytes(file.content)
    return tmp_path / "report.json"


def checks(path: Path, settings: ConsoleSettings) -> list[Check]:
    beside = path.with_name(f"{path.name}.jws")
    jws = beside.read_bytes() if beside.is_file() else None
    return list(check_report(open_report(path), jws, KnownSigners(settings.storage.keys), None))


def failed(path: Path, settings: ConsoleSettings) -> list[str]:
    return [check.name for check in checks(path, settings) if check.outcome is Outcome.FAILS]


def words_of_pdf(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(path).pages).split())


def test_opinion_is_added_and_the_machine_s_part_stays(
    report: Path, settings: ConsoleSettings, key: SigningKey
) -> None:
    before = {path.name: path.read_bytes() for path in report.parent.iterdir() if path.is_file()}
    assert "not reviewed by an examiner" in words_of_pdf(report.with_suffix(".pdf"))

    review_file(report, DISAGREE, key, settings, Paper.A4)
    second = report.with_name("report.v2.json")
    review_file(second, AGREE, key, settings, Paper.A4)
    third = report.with_name("report.v3.json")

    for name, content in before.items():
        assert (report.parent / name).read_bytes() == content
    document, first = from_json(third.read_bytes()), from_json(report.read_bytes())
    assert [one.opinion for one in document.reviews] == [Opinion.DISAGREE, Opinion.AGREE]
    assert document.reviews[0].reviewed_sha256 == hashlib.sha256(before["report.json"]).hexdigest()
    assert document.reviews[1].examiner == "Second Examiner"  # as the key names its holder
    assert (document.issue.version, document.review) == (3, "reviewed")
    assert (document.findings, document.summary) == (first.findings, first.summary)
    words = words_of_pdf(third.with_suffix(".pdf"))
    assert "not reviewed by an examiner" not in words
    for said in (first.summary.headline, "disagrees", "A telephone line.", "second thoughts"):
        assert said in words
    for path in (third, third.with_suffix(".pdf"), second):
        assert failed(path, settings) == []


def test_changed_opinion_is_found_even_where_the_file_is_signed_anew(
    report: Path, settings: ConsoleSettings, key: SigningKey
) -> None:
    review_file(report, DISAGREE, key, settings, Paper.A4)
    document = from_json(report.with_name("report.v2.json").read_bytes())
    [review] = document.reviews
    forged: list[ReportDocument] = [
        document.model_copy(update={"reviews": (review.model_copy(update=change),)})
        for change in (
            {"text": "Nothing."},
            {"opinion": Opinion.AGREE},
            {"examiner": "Somebody"},
            {"findings_sha256": "0" * 64},
            {"key_sha256": "0" * 64},
            {"version": 3},
            {"jws": "e30..AA"},
        )
    ]
    forged.append(document.model_copy(update={"reviews": (), "review": "not_reviewed"}))
    forged.append(document.model_copy(update={"reviews": (review, review)}))
    path = report.with_name("forged.json")
    for number, forgery in enumerate(forged):
        path.write_bytes(to_json(forgery))
        path.with_name("forged.json.jws").write_bytes(sign_json(path.read_bytes(), key))
        assert "review" in failed(path, settings), number


def test_newest_version_is_reviewed_and_an_unchanged_one(
    report: Path, settings: ConsoleSettings, key: SigningKey
) -> None:
    review_file(report, DISAGREE, key, settings, Paper.A4)
    with pytest.raises(InputError, match="review the newest version"):
        review_file(report, AGREE, key, settings, Paper.A4)
    report.write_bytes(report.read_bytes().replace(b"minister", b"monister"))
    with pytest.raises(InputError, match="does not hold"):
        review_file(report, AGREE, key, settings, Paper.A4)


@pytest.mark.parametrize("reasons", ["", " \n ", "x" * 20_001])
def test_opinion_needs_reasons_of_a_sane_length(
    report: Path, settings: ConsoleSettings, key: SigningKey, reasons: str
) -> None:
    with pytest.raises(InputError, match="needs its reasons"):
        review_file(report, replace(DISAGREE, text=reasons), key, settings, Paper.A4)
    assert not report.with_name("report.v2.json").exists()


def test_long_opinion_is_not_cut(key: SigningKey) -> None:
    text = "word " * 3_999 + "end"
    document = to_document(spliced_report(), CARD, CONTEXT)
    [review] = reviewed(document, "0" * 64, replace(DISAGREE, text=text), key).reviews
    assert review.text == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_opinion_is_printed_in_every_language_and_keeps_the_rules_of_the_pdf(
    language: str, key: SigningKey
) -> None:
    words = LANGUAGES[language]
    document = to_document(spliced_report(), CARD, CONTEXT, words)
    hostile = replace(
        DISAGREE, text="#panic() \u202e\0 \ud800 😀 $x$ 한 ع\n" * 50, examiner="=1+1\n\t"
    )
    next_version = reviewed(document, "0" * 64, hostile, key)
    [pdf] = [file for file in render(next_version, {}, key, words) if file.kind == "pdf"]
    with pikepdf.open(io.BytesIO(pdf.content)) as opened:
        assert opened.Root.MarkInfo.Marked
        assert opened.Root.OutputIntents[0].S == "/GTS_PDFA1"
    assert from_json(to_json(next_version)) == next_version


# in the database


@pytest.fixture
def access(engine: Engine, tmp_path: Path) -> QueueAccess:
    return QueueAccess(JobDesk(engine), FolderStore(tmp_path / "objects"), engine)


@pytest.fixture
def claim(access: QueueAccess, key: SigningKey) -> Iterator[ItemClaim]:
    """An item with a report, as a fleet writes it."""
    queue = WorkQueue(access.engine)
    make_job(queue, 1)
    [claim] = queue.claim("worker")
    queue.finish(claim, result_of(access, claim, key, spliced_report()))
    yield claim
    queue.close()


def result_of(
    access: QueueAccess, claim: ItemClaim, key: SigningKey, report: MediaReport
) -> ItemResult:
    """Return what a fleet's writer hands to the queue, its files in the store."""
    report = replace(report, item=replace(report.item, item_id=claim.item_id, job_id=claim.job_id))
    document = to_document(report, CARD, CONTEXT)
    files = []
    for file in render(document, {}, key):
        kept = put_object(access.engine, access.objects, "default", file.content, "x/y")
        name = f"verity-{claim.job_id}-{claim.item_id}{file.ending}"
        files.append(ReportFile(file.kind, kept.key, kept.sha256, kept.size_bytes, name, "x/y"))
    result = make_result(claim, failure=report.failure)
    return replace(result, files=tuple(files), findings_sha256=document.findings_sha256)


@pytest.mark.postgres
def test_item_s_versions_lie_beside_each_other_and_stand_in_the_log(
    access: QueueAccess, claim: ItemClaim, key: SigningKey, settings: ConsoleSettings
) -> None:
    review_item(access, claim.item_id, DISAGREE, key, settings, Paper.A4)
    review_item(access, claim.item_id, AGREE, key, settings, Paper.A4)

    files = {file.kind: file for file in access.desk.item_status(claim.item_id).files}
    assert {"json", "pdf", "v2-json", "v2-jws", "v2-pdf", "v3-json"} <= set(files)
    assert files["v3-json"].file_name == f"verity-{claim.job_id}-{claim.item_id}.v3.json"
    document = from_json(get_object(access.objects, files["v3-json"].key))
    assert document.reviews[0].reviewed_sha256 == files["json"].sha256
    assert document.reviews[1].reviewed_sha256 == files["v2-json"].sha256
    with access.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM review ORDER BY version")).all()
    assert [(row.version, row.opinion, row.examiner) for row in rows] == [
        (2, "disagree", "Dr. Example"),
        (3, "agree", "Second Examiner"),
    ]
    entries = [entry for _, entry in rows_of_item(access.engine, int(claim.item_id))]
    assert [entry.event for entry in entries][-2:] == ["review_added", "review_added"]
    assert entries[-1].facts["json_sha256"] == files["v3-json"].sha256
    assert sweep_orphans(access.engine, access.objects, grace_s=0) == 0


@pytest.mark.postgres
def test_two_examiners_at_once_do_not_overwrite_each_other(
    access: QueueAccess, claim: ItemClaim, key: SigningKey, settings: ConsoleSettings
) -> None:
    with access.engine.begin() as connection:  # somebody's second version, a moment earlier
        connection.execute(
            text(
                "INSERT INTO review (item_id, job_id, account_id, version, opinion, text, examiner,"
                " at, jws, reviewed_sha256, findings_sha256)"
                " VALUES (:item, :job, 'default', 2, 'agree', 't', 'e', now(), 'j', 'r', 'f')"
            ),
            {"item": int(claim.item_id), "job": int(claim.job_id)},
        )
        late = replace(new_review(connection, claim), version=2)
        assert not write_review(connection, late, [])


def new_review(connection: Connection, claim: ItemClaim) -> NewReview:
    newest = newest_json(connection, int(claim.item_id))
    assert newest is not None
    return NewReview(
        item_id=int(claim.item_id),
        job_id=newest.job_id,
        account_id=newest.account_id,
        version=newest.next_version,
        opinion="agree",
        text="text",
        examiner="examiner",
        at=NOW,
        jws="",
        reviewed_sha256=newest.sha256,
        findings_sha256="f",
    )


@pytest.mark.postgres
def test_an_item_that_was_analysed_anew_is_reviewed_anew_and_earlier_opinions_stay(
    access: QueueAccess, key: SigningKey, settings: ConsoleSettings
) -> None:
    queue = WorkQueue(access.engine)
    job = make_job(queue, 1)
    [first] = queue.claim("worker")
    failed = failed_report()
    assert failed.failure is not None
    queue.fail(
        first, failed.failure, AttemptEnd.FAILED, None, result_of(access, first, key, failed)
    )
    review_item(access, first.item_id, DISAGREE, key, settings, Paper.A4)
    before = {file.kind: file for file in access.desk.item_status(first.item_id).files}
    access.desk.retry_failed(job.job_id)
    [second] = queue.claim("worker")
    queue.finish(second, result_of(access, second, key, spliced_report()))
    queue.close()

    review_item(access, first.item_id, AGREE, key, settings, Paper.A4)
    review_item(access, first.item_id, DISAGREE, key, settings, Paper.A4)

    sweep_orphans(access.engine, access.objects, grace_s=0)
    files = {file.kind: file for file in access.desk.item_status(first.item_id).files}
    newest = from_json(get_object(access.objects, files["v3-json"].key))
    assert [one.opinion for one in newest.reviews] == [Opinion.AGREE, Opinion.DISAGREE]
    assert newest.findings.verdict is not None
    about = from_json(get_object(access.objects, before["json"].key)).findings_sha256[:8]
    earlier = from_json(get_object(access.objects, files[f"{about}-v2-json"].key))
    assert [one.opinion for one in earlier.reviews] == [Opinion.DISAGREE]
    assert earlier.findings.failure is not None
    # what the examiner had before them stays as well
    assert files[f"{about}-v2-reviewed-json"].key == before["json"].key
    assert files[f"{about}-v2-reviewed-json"].sha256 == earlier.reviews[0].reviewed_sha256
    shown = newest_json_of(access.desk.item_status(first.item_id))
    assert shown == files["v3-json"]  # what the item's page reads
    names = [file.file_name for file in files.values()]
    assert len(set(names)) == len(names)


@pytest.mark.postgres
def test_deleted_or_unknown_item_cannot_be_reviewed_and_opinions_go_with_the_report(
    access: QueueAccess, claim: ItemClaim, key: SigningKey, settings: ConsoleSettings
) -> None:
    review_item(access, claim.item_id, DISAGREE, key, settings, Paper.A4)
    [gone] = delete_item(access.engine, claim.item_id, "archivist")
    assert any(name.endswith(".v2.pdf") for name in gone.files)
    for item_id in (claim.item_id, "99999", "x"):
        with pytest.raises(SourceNotFoundError):
            review_item(access, item_id, AGREE, key, settings, Paper.A4)
    sweep_orphans(access.engine, access.objects, grace_s=0)
    assert list(access.objects.list_keys()) == []


@pytest.mark.postgres
def test_audit_log_names_the_report_or_says_what_does_not_hold(
    access: QueueAccess, claim: ItemClaim, database_url: str, tmp_path: Path
) -> None:
    settings = ConsoleSettings(
        {
            "VERITY_VAR": str(tmp_path / "var"),
            "VERITY_DATABASE_URL": database_url.replace("postgresql+psycopg:", "postgresql:"),
        }
    )
    files = {file.kind: file for file in access.desk.item_status(claim.item_id).files}
    path = tmp_path / "of-the-item.json"
    path.write_bytes(get_object(access.objects, files["json"].key))
    opened = open_report(path)
    assert check_audit(settings, opened).outcome is Outcome.HOLDS

    changed = replace(opened, json_bytes=opened.json_bytes + b" ")
    assert check_audit(settings, changed).outcome is Outcome.FAILS

    with access.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(
            text('UPDATE audit SET facts = facts || \'{"a": "b"}\' WHERE number = 2')
        )
    found = check_audit(settings, opened)
    assert found.outcome is Outcome.FAILS
    assert "row 2" in found.words


def test_audit_log_that_cannot_be_asked_is_not_checked_and_says_so(
    report: Path, settings: ConsoleSettings
) -> None:
    found = check_audit(settings, open_report(report))
    assert found.outcome is Outcome.ABSENT
    document = open_report(report).document
    of_a_job = document.model_copy(
        update={
            "issue": document.issue.model_copy(update={"job_id": "1"}),
            "item": document.item.model_copy(update={"item_id": "1"}),
        }
    )
    found = check_audit(settings, replace(open_report(report), document=of_a_job))
    assert found.outcome is Outcome.ABSENT
    assert "not checked" in found.words
