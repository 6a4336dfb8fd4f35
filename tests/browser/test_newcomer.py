"""What somebody new does: sign up, try a file, a link and the microphone, submit, download."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Stack, Visit
from tests.makers import genuine_sample, synthetic_sample, write_wav

pytestmark = [pytest.mark.postgres, pytest.mark.ray, pytest.mark.timeout(400)]
FINDING = ".result .headline"
JOB_MS = 240_000  # Ray starts anew; on a machine with much to do that takes its time


def test_the_first_page_says_what_the_tool_can_and_cannot_say(visit: Visit) -> None:
    page = visit()
    page.goto("/")
    expect(page.get_by_role("heading", name="What it cannot say")).to_be_visible()
    expect(page.get_by_role("heading", name="“Inconclusive” is an answer")).to_be_visible()


def test_a_page_that_needs_a_person_leads_to_signing_in_and_back(visit: Visit) -> None:
    page = visit()
    page.goto("/jobs")
    assert "/sign-in?next=/jobs" in page.url


def test_a_wrong_password_is_said_in_words(visit: Visit) -> None:
    page = visit()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("nobody@example.org")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("wrong")


def test_a_dropped_file_is_answered_on_the_same_page_and_its_seconds_can_be_heard(
    signed_up: Visit, tmp_path: Path
) -> None:
    write_wav(tmp_path / "said.wav", synthetic_sample())
    page = signed_up()
    page.goto("/try")
    page.set_input_files("#file", tmp_path / "said.wav")
    expect(page.locator(FINDING)).to_be_visible()
    expect(page.locator(".result")).to_contain_text("not reviewed by an examiner")
    page.wait_for_function("document.getElementById('player').readyState > 0")
    page.locator(".timeline .cell").nth(2).click()
    page.wait_for_function("document.getElementById('player').currentTime >= 2")


def test_a_wrong_file_is_a_sentence_and_no_traceback(signed_up: Visit, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear editor, this is no recording.")
    page = signed_up()
    page.goto("/try")
    page.set_input_files("#file", tmp_path / "letter.txt")
    expect(page.locator(FINDING)).to_have_text("This recording could not be analysed")
    assert "Traceback" not in page.content()


def test_a_link_inside_the_network_is_refused(signed_up: Visit) -> None:
    page = signed_up()
    page.goto("/try")
    page.get_by_label("or paste a link").fill("http://169.254.169.254/latest/meta-data")
    page.get_by_role("button", name="Analyse the link").click()
    expect(page.locator("#result [role=alert]")).to_contain_text("refused")


def test_a_link_is_answered(signed_up: Visit, stack: Stack) -> None:
    page = signed_up()
    page.goto("/try")
    page.get_by_label("or paste a link").fill(stack.site.url("/said.wav"))
    page.get_by_role("button", name="Analyse the link").click()
    expect(page.locator(FINDING)).to_be_visible()


def test_the_microphone_is_recorded_and_answered(signed_up: Visit) -> None:
    page = signed_up()
    page.goto("/try")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator("#record-said")).to_contain_text("Recording")
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Stop and analyse").click()
    expect(page.locator(FINDING)).to_be_visible()


def test_from_submitting_to_the_downloaded_report(
    signed_up: Visit, stack: Stack, tmp_path: Path
) -> None:
    page = signed_up()
    page.goto("/jobs/new")
    page.get_by_label("Sources").fill(stack.site.url("/said.wav"))
    page.get_by_label("Name").fill("Tuesday")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Tuesday")).to_be_visible()
    expect(page.locator("#progress strong")).to_have_text("done", timeout=JOB_MS)
    page.reload()
    page.get_by_role("link", name="said.wav").click()
    expect(page.locator(".verdict .headline")).to_be_visible()
    for kind, name in (("json", "JSON (all findings)"), ("pdf", "PDF")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        download.value.save_as(tmp_path / f"report.{kind}")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads((tmp_path / "report.json").read_text())["item"]["title"] == "said.wav"


def test_two_accounts_do_not_see_each_other(signed_up: Visit, stack: Stack) -> None:
    ada, bo = signed_up("ada"), signed_up("bo")
    ada.goto("/jobs/new")
    ada.get_by_label("Sources").fill(stack.site.url("/said.wav"))
    ada.get_by_label("Name").fill("Secret")
    ada.get_by_role("button", name="Submit").click()
    ada.wait_for_url(re.compile(r"/jobs/\d+$"))
    bo.goto(ada.url)
    expect(bo.get_by_role("alert")).to_contain_text("There is no job")
    bo.goto("/jobs")
    assert "Secret" not in bo.content()


def test_korean_readers_get_korean_pages(visit: Visit) -> None:
    page = visit(locale="ko-KR")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.get_by_label("언어").select_option("en")
    page.get_by_role("button", name="OK").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_genuine_speech_is_never_said_to_be_genuine(signed_up: Visit) -> None:
    page = signed_up()
    page.goto("/try")
    page.set_input_files("#file", genuine_sample())
    expect(page.locator(FINDING)).to_be_visible()
    said = page.locator(FINDING).inner_text().lower()
    assert "genuine" not in said
    assert "real" not in said
