"""The shelf of job reports: written once for all who ask, few at a time, never more than has room."""

import errno
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console.api import job_shelf
from console.api.job_shelf import KEPT_S, MOST_OF_ACCOUNT, JobShelf, Wanted
from pipeline.errors import OutageError
from reports.paper import Paper


def wanted(job_id: str = "17", account_id: str = "ada") -> Wanted:
    return Wanted(account_id, job_id, "", "en", Paper.A4, is_zip=False, with_items=False)


class Writing:
    """Writes a report of ten bytes, and counts how often; waits where it is held up."""

    def __init__(self) -> None:
        self.n = 0
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, folder: Path) -> Mapping[str, Path]:
        self.n += 1
        self.has_begun.set()
        assert self.may_end.wait(20)
        path = folder / "verity-17.csv"
        path.write_bytes(b"%10d" % self.n)
        return {"csv": path}


def read(shelf: JobShelf, which: Wanted, writing: Writing, stood: str | None = "done") -> bytes:
    found = shelf.open(which, "csv", stood, writing)
    assert found is not None
    with found.file as file:
        return file.read()


def test_a_report_is_written_once_while_the_job_stands_as_it_did(tmp_path: Path) -> None:
    shelf, writing = JobShelf(tmp_path), Writing()
    first = read(shelf, wanted(), writing)
    assert read(shelf, wanted(), writing) == first
    assert read(shelf, wanted(), writing, "done, and one more") != first
    assert read(shelf, wanted(), writing, None) == b"         2", "a signature asks for no state"
    assert writing.n == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_whoever_asks_meanwhile_waits_for_the_same_writing(tmp_path: Path) -> None:
    shelf, writing = JobShelf(tmp_path), Writing()
    writing.may_end.clear()
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(read, shelf, wanted(), writing) for _ in range(3)]
        assert writing.has_begun.wait(20)
        writing.may_end.set()
        assert {one.result(20) for one in asked} == {b"         1"}


def test_one_account_writes_one_report_and_all_of_them_two(tmp_path: Path) -> None:
    shelf, ada, bo = JobShelf(tmp_path), Writing(), Writing()
    ada.may_end.clear()
    bo.may_end.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(read, shelf, wanted(), ada)
        assert ada.has_begun.wait(20)
        with pytest.raises(OutageError, match=r"of this account .* in 20 s") as busy:
            read(shelf, wanted("18"), Writing())
        second = pool.submit(read, shelf, wanted("19", "bo"), bo)
        assert bo.has_begun.wait(20)
        with pytest.raises(OutageError, match="Other reports"):
            read(shelf, wanted("20", "eve"), Writing())
        ada.may_end.set()
        bo.may_end.set()
        assert first.result(20)
        assert second.result(20)
    assert (busy.value.code, busy.value.retry_after_s) == ("busy", 20.0)
    assert read(shelf, wanted("20", "eve"), Writing())


def test_an_account_has_few_files_under_way_and_others_are_not_in_its_way(tmp_path: Path) -> None:
    shelf = JobShelf(tmp_path)
    for _ in range(MOST_OF_ACCOUNT):
        shelf.take_turn("ada")
    with pytest.raises(OutageError, match="under way"):
        shelf.take_turn("ada")
    shelf.take_turn("bo")
    shelf.end_turn("ada")
    shelf.take_turn("ada")


def test_what_is_old_is_removed_and_an_open_file_is_read_to_its_end(tmp_path: Path) -> None:
    now = [0.0]
    shelf, writing = JobShelf(tmp_path, lambda: now[0]), Writing()
    found = shelf.open(wanted(), "csv", "done", writing)
    assert found is not None
    now[0] = KEPT_S + 1
    shelf.forget_old()
    assert list(tmp_path.iterdir()) == []
    with found.file as file:
        assert file.read() == b"         1"


def test_the_oldest_make_room_for_what_is_asked_for_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_shelf, "KEPT_BYTES", 25)
    shelf, writing = JobShelf(tmp_path), Writing()
    for job_id in ("17", "18", "17", "19"):
        read(shelf, wanted(job_id), writing)
    assert writing.n == 3
    read(shelf, wanted("17"), writing)
    assert writing.n == 3, "it was asked for after 18"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_writing_that_fails_leaves_nothing_and_the_next_one_begins(tmp_path: Path) -> None:
    shelf = JobShelf(tmp_path)

    def fill_the_disk(folder: Path) -> Mapping[str, Path]:
        (folder / "half").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutageError) as full:
        shelf.open(wanted(), "csv", "done", fill_the_disk)
    assert full.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []
    assert read(shelf, wanted(), Writing())
