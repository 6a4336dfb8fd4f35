"""A job's reports are taken from its page, and what was taken verifies."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reports.archive_checks import check_archive
from reports.job_verification import check_job_report, open_job_report
from reports.signer_checks import KnownSigners, Outcome
from tests.browser.conftest import Enter
from tests.browser.newsroom import Newsroom

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]
WAIT_MS = 120_000  # the report is written before the download begins


def test_the_pdf_and_the_zip_of_a_job_are_taken_from_its_page_and_verify(
    enter: Enter, newsroom: Newsroom, tmp_path: Path
) -> None:
    page = enter(400)
    page.goto(f"/jobs/{newsroom.job_id}")
    taken = {}
    for kind, name in (("pdf", "PDF"), ("zip", "Everything, as a signed zip")):
        with page.expect_download(timeout=WAIT_MS) as download:
            page.get_by_role("link", name=name, exact=True).click()
        assert download.value.suggested_filename == f"verity-{newsroom.job_id}.{kind}"
        taken[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(taken[kind])
    keys = newsroom.context.environment.storage.keys
    with ThreadPoolExecutor(1) as pool:  # Playwright's loop runs in this thread, the check's cannot
        for outcomes in pool.submit(outcomes_of, taken["pdf"], taken["zip"], keys).result():
            assert Outcome.HOLDS in outcomes
            assert Outcome.FAILS not in outcomes


def outcomes_of(pdf: Path, archive: Path, keys: Path) -> tuple[set[Outcome], set[Outcome]]:
    signers = KnownSigners(keys)
    report = open_job_report(pdf)
    assert report is not None
    return (
        {check.outcome for check in check_job_report(report, None, signers)},
        {check.outcome for check in check_archive(archive, signers)},
    )
