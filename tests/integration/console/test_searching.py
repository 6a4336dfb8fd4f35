"""Searches by likeness: by item and by stretch, within one account, with what they can be trusted for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from console.searching import Query, fill_missing, parse_query, search_like, trust_sentence
from pipeline.errors import InputError, SourceNotFoundError
from storage.embedding_rows import SearchLimits
from tests.integration.reports.job_makers import Filling, fill_job, sound_of

VERITY = Path(sys.executable).with_name("verity")
pytestmark = pytest.mark.postgres


def test_items_of_one_manner_of_synthesis_come_first(engine: Engine) -> None:
    fill_job(engine, Filling(200, n_systems=4))
    first_id = _first_id(engine)
    answer = search_like(engine, Query(first_id + 40), 5)
    found = [hit.item_id - first_id for hit in answer.hits]
    assert len(found) == 5
    assert first_id + 40 not in [hit.item_id for hit in answer.hits]
    assert all(n // 10 % 4 == 0 and n % 10 in (0, 1) for n in found[:3])
    likeness = [hit.likeness for hit in answer.hits]
    assert likeness == sorted(likeness, reverse=True)


def test_a_changed_copy_is_perhaps_the_same_recording(engine: Engine) -> None:
    filling = Filling(100, n_segments=12, n_copies=10)
    fill_job(engine, filling)
    first_id = _first_id(engine)
    answer = search_like(engine, Query(first_id + 95), 3)  # item 5 in other bytes
    assert answer.hits[0].item_id == first_id + 5
    assert answer.hits[0].is_near
    assert answer.hits[0].recording_at_s == 0.0
    assert not any(hit.is_near for hit in answer.hits[1:])


def test_a_stretch_finds_where_it_lies_in_another_item(engine: Engine) -> None:
    filling = Filling(60, n_segments=12, n_copies=8)
    fill_job(engine, filling)
    first_id = _first_id(engine)
    answer = search_like(engine, Query(first_id + 57, 5.0, 9.0), 3)
    (same,) = [hit for hit in answer.hits if hit.item_id == first_id + 5]
    assert answer.n_segments == 4
    assert same.recording_at_s == 5.0
    assert same.second_by_second == pytest.approx(_likeness(filling, 57, 5, slice(5, 9)), abs=1e-3)


def _likeness(filling: Filling, n: int, other: int, part: slice) -> float:
    mine, its = sound_of(filling, n)[part], sound_of(filling, other)[part]
    return float(np.mean((mine * its).sum(axis=1)))


def test_the_same_file_is_called_so(engine: Engine) -> None:
    fill_job(engine, Filling(50, n_same=5))
    first_id = _first_id(engine)
    answer = search_like(engine, Query(first_id + 46), 3)
    assert (answer.hits[0].item_id, answer.hits[0].is_same_file) == (first_id + 1, True)


def test_accounts_are_walls(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO account (account_id) VALUES ('other')"))
    fill_job(engine, Filling(20, account_id="other"))
    mine = fill_job(engine, Filling(20))
    first_id = _first_id(engine, mine)
    answer = search_like(engine, Query(first_id), 50)
    assert answer.hits
    assert {hit.job_id for hit in answer.hits} == {mine}
    with pytest.raises(SourceNotFoundError):
        search_like(engine, Query(first_id), 5, account_id="other")


def test_what_was_not_judged_cannot_be_searched_by(engine: Engine) -> None:
    fill_job(engine, Filling(10))
    first_id = _first_id(engine)
    with pytest.raises(InputError, match="No voice was judged in item"):
        search_like(engine, Query(first_id + 4), 5)  # music
    with pytest.raises(InputError, match="that stretch"):
        search_like(engine, Query(first_id, 100.0, 200.0), 5)
    with pytest.raises(SourceNotFoundError):
        search_like(engine, Query(10**9), 5)


def test_items_from_before_are_found_once_they_were_filled_in(engine: Engine) -> None:
    fill_job(engine, Filling(30))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM item_embedding"))
    first_id = _first_id(engine)
    assert search_like(engine, Query(first_id), 5).hits == ()
    assert fill_missing(engine, SearchLimits()) > 0
    assert search_like(engine, Query(first_id), 5).hits


def test_the_answer_says_how_far_to_trust_it(engine: Engine) -> None:
    fill_job(engine, Filling(10))
    answer = search_like(engine, Query(_first_id(engine)), 5)
    assert "weak" in trust_sentence(answer)
    with engine.begin() as connection:
        connection.execute(text("UPDATE model SET name = 'mine'"))
    unknown = search_like(engine, Query(_first_id(engine)), 5)
    assert "was not measured for mine" in trust_sentence(unknown)


@pytest.mark.parametrize(
    ("written", "query"),
    [("12", Query(12)), ("4711@12.5-14", Query(4711, 12.5, 14.0)), ("1@0-1", Query(1, 0.0, 1.0))],
)
def test_a_query_names_an_item_or_a_stretch(written: str, query: Query) -> None:
    assert parse_query(written) == query


@pytest.mark.parametrize(
    "written", ["", "x", "1@", "1@2", "1@3-2", "1@-1-2", "1@1-nan", "1@0-inf", "²", "1" * 30]
)
def test_any_other_form_is_refused(written: str) -> None:
    with pytest.raises(InputError):
        parse_query(written)


def test_the_command_prints_what_it_found(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    fill_job(engine, Filling(40, title="=HYPERLINK() \x1b[31m{n}"))
    environ = os.environ | {"VERITY_DATABASE_URL": database_url, "VERITY_VAR": str(tmp_path)}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(VERITY), *arguments], capture_output=True, text=True, env=environ, check=False
        )

    first_id = _first_id(engine)
    shown = run("search", "--like", f"{first_id}@0-3")
    assert shown.returncode == 0, shown.stderr
    assert "weak" in shown.stdout
    assert "\x1b" not in shown.stdout
    record = json.loads(run("search", "--like", str(first_id), "--most", "3", "--json").stdout)
    assert len(record["hits"]) == 3
    assert record["detector"] == "phase_fusion_v2"
    assert run("search", "--like", "nothing").returncode == 2
    assert run("search").returncode == 2


def _first_id(engine: Engine, job_id: int | None = None) -> int:
    with engine.connect() as connection:
        return int(
            connection.scalar(
                text(
                    "SELECT min(item_id) FROM item WHERE CAST(:job_id AS bigint) IS NULL"
                    " OR job_id = :job_id"
                ),
                {"job_id": job_id},
            )
            or 0
        )
