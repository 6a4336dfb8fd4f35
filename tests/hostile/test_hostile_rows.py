"""Every row of MEDIA.md ends in the verdict or the named error that it asks for, as `scan` walks."""

import json
from pathlib import Path

import pytest

from tests.hostile.conftest import Walker
from tests.hostile.hostile_case import Case
from tests.hostile.hostile_rows import cases

CASES = cases()
NOT_HEARD = frozenset(
    (
        "silence",
        "tone",
        "noise",
        "music",
        "no_speech",
        "too_short",
        "clipped",
        "no_audio",
        "not_finite",
    )
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_case_ends_as_the_table_asks(case: Case, walk: Walker, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    walked = walk(case.write(folder))
    is_heard = walked.report.failure is None and walked.outcome not in NOT_HEARD
    is_as_asked = walked.outcome in case.outcomes or (is_heard and case.outcomes <= {""})
    assert is_as_asked or (is_heard and "" in case.outcomes), walked.outcome
    assert case.notes <= walked.notes
    if case.heard_s is not None:
        assert walked.heard_s == pytest.approx(case.heard_s, abs=0.2)
    title = json.loads(walked.json)["item"]["title"]
    assert title
    assert "\n" not in title or "\n" in walked.report.item.title


def test_there_are_cases_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)
