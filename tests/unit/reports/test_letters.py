"""E-mails and feeds of sweeps: counts against the run before, outside text on one line, valid XML."""

from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from reports.as_rss import to_rss
from reports.letters import MOST_LISTED, digest_letter, item_letter, one_line
from reports.words_en import ENGLISH

COUNTS = dict.fromkeys(
    ["new", "synthetic", "partly_synthetic", "inconclusive", "no_evidence", "not_applicable"], 0
) | {"failed": 0, "cancelled": 0}


def make_digest(
    n_suspect: int = 1, title: str = "Interview", name: str = "Podcast"
) -> dict[str, Any]:
    item = {
        "item_id": "7",
        "title": title,
        "source_uri": "https://example.org/a",
        "verdict": "synthetic",
        "llr": -3.5,
        "voiced_s": 12.0,
        "error_code": "",
        "error_message": "",
    }
    return {
        "sweep_name": name,
        "run_id": "3",
        "job_id": "9",
        "due_at": "2026-11-21T18:00:00+00:00",
        "n_missed": 2,
        "counts": COUNTS | {"new": 4, "synthetic": n_suspect},
        "before": COUNTS | {"new": 11},
        "suspect": [item] * n_suspect,
        "failures": [],
    }


def test_a_digest_says_what_is_new_against_the_run_before() -> None:
    subject, text = digest_letter(make_digest())
    assert subject == "Podcast: 4 new, 1 with evidence of synthesis, 0 failed"
    assert "(the run before: 11)" in text
    assert "2 runs before it were missed" in text
    assert "LLR −3.50" in text


def test_a_long_digest_names_the_strongest_and_counts_the_rest() -> None:
    _, text = digest_letter(make_digest(n_suspect=MOST_LISTED + 5))
    assert text.count("item 7") == MOST_LISTED
    assert "and 5 more" in text


def test_a_letter_claims_no_fact() -> None:
    body = {"item_id": "1", "job_id": "2", "title": "t", "verdict": "partly_synthetic"}
    subject, text = item_letter(body | {"llr": -2.0, "voiced_s": 9.0, "spans": [[1.0, 7.0]]})
    said = (subject + text).lower()
    assert "1 s to 7 s" in text
    assert not [word for word in ENGLISH.forbidden if word.lower() in said]


@given(title=st.text(max_size=300), name=st.text(max_size=300))
def test_any_title_gives_one_line_and_a_feed_that_parses(title: str, name: str) -> None:
    assert len(one_line(title).splitlines()) <= 1
    feed = ElementTree.fromstring(to_rss(name, [make_digest(title=title, name=name)]))  # noqa: S314 (ours)
    (item,) = feed.iter("item")
    assert item.findtext("guid") == "verity-run-3"
