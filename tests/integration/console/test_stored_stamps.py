"""Reports in a fleet's store are stamped later; nothing that is there is written anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from console.queue_access import QueueAccess
from console.reviewing import review_item
from console.settings import ConsoleSettings
from console.stored_stamps import stamp_item
from jobs.job_desk import JobDesk
from jobs.spec import ItemClaim, ReportFile
from jobs.work_queue import WorkQueue
from pipeline.errors import InputError
from reports.document import to_document
from reports.opinion import Opinion
from reports.paper import Paper
from reports.rendering import render
from reports.reviewing import NewOpinion
from reports.signer_checks import KnownSigners, Outcome
from reports.signing_keys import SigningKey, create_key
from reports.stamp_checks import StampFiles
from reports.stamping import Stamper
from reports.time_stamps import Authority, trusted_roots
from reports.verification import check_report, open_report
from storage.audit_rows import check_chain, rows_of_item
from storage.kept_objects import get_object, put_object, sweep_orphans
from storage.objects import FolderStore
from tests.integration.jobs.queue_makers import make_job, make_result
from tests.local_authority import LocalAuthority, local_authority
from tests.unit.reports.report_maker import CARD, CONTEXT, MORNING, spliced_report

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LocalAuthority]]:
    folder = tmp_path_factory.mktemp("authorities")
    with (
        local_authority(folder / "first", "First Authority") as first,
        local_authority(folder / "second", "Second Authority") as second,
    ):
        yield [first, second]


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return create_key(tmp_path / "keys", "Example Laboratory")


@pytest.fixture
def access(engine: Engine, tmp_path: Path) -> QueueAccess:
    return QueueAccess(JobDesk(engine), FolderStore(tmp_path / "objects"), engine)


@contextmanager
def written_item(access: QueueAccess, key: SigningKey | None) -> Iterator[ItemClaim]:
    queue = WorkQueue(access.engine)
    make_job(queue, 1)
    [claim] = queue.claim("worker")
    document = to_document(spliced_report(), CARD, CONTEXT)
    files = []
    for file in render(document, {}, key):
        kept = put_object(access.engine, access.objects, "default", file.content, "x/y")
        name = f"verity-{claim.job_id}-{claim.item_id}{file.ending}"
        files.append(ReportFile(file.kind, kept.key, kept.sha256, kept.size_bytes, name, "x/y"))
    findings_sha256 = document.findings_sha256
    result = replace(make_result(claim), files=tuple(files), findings_sha256=findings_sha256)
    queue.finish(claim, result)
    yield claim
    queue.close()


@pytest.fixture
def claim(access: QueueAccess, key: SigningKey) -> Iterator[ItemClaim]:
    with written_item(access, key) as claim:
        yield claim


def stamper_of(authorities: list[LocalAuthority]) -> Stamper:
    by_url = {one.url: one for one in authorities}
    return Stamper([Authority(url, lambda url, asked: by_url[url].reply(asked)) for url in by_url])


def files_of(access: QueueAccess, claim: ItemClaim) -> dict[str, ReportFile]:
    return {file.kind: file for file in access.desk.item_status(claim.item_id).files}


def test_every_authority_stamps_what_is_signed_and_nothing_is_written_anew(
    access: QueueAccess,
    claim: ItemClaim,
    authorities: list[LocalAuthority],
    tmp_path: Path,
) -> None:
    before = files_of(access, claim)
    item = access.desk.item_status(claim.item_id)
    assert stamp_item(access, item, stamper_of(authorities)).problems == ()
    after = files_of(access, claim)
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {"tsr", "tsr-2", "pdf-tsr", "pdf-tsr-2"}
    assert sweep_orphans(access.engine, access.objects, grace_s=0) == 0
    # as `verity reports JOB --to FOLDER` writes them
    content = {kind: get_object(access.objects, file.key) for kind, file in after.items()}
    roots = trusted_roots(authorities[0].trust)
    for kind, stamps in (("json", ("tsr", "tsr-2")), ("pdf", ("pdf-tsr", "pdf-tsr-2"))):
        path = tmp_path / after[kind].file_name
        path.write_bytes(content[kind])
        beside = StampFiles({after[one].file_name: content[one] for one in stamps}, roots)
        signers = KnownSigners(tmp_path / "keys")
        checks = check_report(open_report(path), content["jws"], signers, None, beside)
        found = [check for check in checks if check.name == "time stamp"]
        assert [check.outcome for check in found] == [Outcome.HOLDS, Outcome.HOLDS]
        assert "of a trusted authority" in found[0].words


def test_who_has_stamped_is_not_asked_again_and_who_was_away_stamps_later(
    access: QueueAccess, claim: ItemClaim, authorities: list[LocalAuthority]
) -> None:
    stamp_item(access, access.desk.item_status(claim.item_id), stamper_of(authorities[:1]))
    again = stamp_item(access, access.desk.item_status(claim.item_id), stamper_of(authorities[:1]))
    assert again.written == ()
    later = stamp_item(access, access.desk.item_status(claim.item_id), stamper_of(authorities))
    assert {file.kind for file in later.written} == {"tsr-2", "pdf-tsr-2"}


def test_opinions_are_stamped_and_the_log_tells_of_each_stamp(
    access: QueueAccess,
    claim: ItemClaim,
    key: SigningKey,
    authorities: list[LocalAuthority],
    tmp_path: Path,
) -> None:
    settings = ConsoleSettings({"VERITY_VAR": str(tmp_path / "var")})
    opinion = NewOpinion(Opinion.AGREE, "I heard it too.", "", MORNING)
    review_item(access, claim.item_id, opinion, key, settings, Paper.A4)
    stamped = stamp_item(
        access, access.desk.item_status(claim.item_id), stamper_of(authorities[:1])
    )
    files = files_of(access, claim)
    assert {"tsr", "pdf-tsr", "v2-tsr", "v2-pdf-tsr"} <= files.keys()
    entries = [entry for _, entry in rows_of_item(access.engine, int(claim.item_id))]
    told = {
        value
        for entry in entries
        if entry.event == "report_stamped"
        for name, value in entry.facts.items()
        if name.endswith("tsr_sha256")
    }
    assert told == {file.sha256 for file in stamped.written}
    assert list(check_chain(access.engine)) == []


def test_an_item_without_a_signed_report_is_told(
    access: QueueAccess, authorities: list[LocalAuthority]
) -> None:
    with written_item(access, None) as claim:
        item = access.desk.item_status(claim.item_id)
        unsigned = replace(item, files=tuple(one for one in item.files if one.kind == "csv"))
        with pytest.raises(InputError, match="no signed report"):
            stamp_item(access, unsigned, stamper_of(authorities))
