"""A watched folder: what is new becomes a job, once."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from console.watching import FolderWatch
from jobs.source_options import SourceOptions
from jobs.sources import SourceAccess, list_from
from jobs.spec import ItemKind
from jobs.work_queue import WorkQueue
from storage.egress import EgressGuard

pytestmark = pytest.mark.postgres


def list_waiting(queue: WorkQueue, access: SourceAccess) -> int:
    """Do what a fleet's lister does with what was submitted; return how many items came of it."""
    n_new = 0
    for claim in queue.claim("lister", 9, ItemKind.LIST):
        options = SourceOptions.from_facts(claim.facts)
        listing = list_from(claim.source_uri, access, options=options)
        n_new += queue.add_items(claim, [listed.item for listed in listing])
        queue.finish(claim)
    return n_new


def test_a_file_is_submitted_once_nobody_writes_to_it(engine: Engine, tmp_path: Path) -> None:
    queue = WorkQueue(engine, may_listen=False)
    access = SourceAccess(EgressGuard(), allow_local=True)
    options = SourceOptions(only_new=True, settle_s=60)
    watched = FolderWatch(tmp_path, "desk", options, queue.desk)
    assert watched.look(access) is None, "an empty folder is none of anybody's business"
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"half")
    assert watched.look(access) is None, "it is still being written"
    os.utime(sound, (1e9, 1e9))
    assert watched.look(access) is not None
    assert list_waiting(queue, access) == 1
    assert watched.look(access) is None
    again = FolderWatch(tmp_path, "desk", options, queue.desk)
    assert again.look(access) is not None, "a new watch does not know what is known"
    assert list_waiting(queue, access) == 0, "but the queue does"
    sound.write_bytes(b"another")
    os.utime(sound, (1.1e9, 1.1e9))
    assert again.look(access) is not None
    assert list_waiting(queue, access) == 1
    gone = FolderWatch(tmp_path / "away", "desk", options, queue.desk)
    assert gone.look(access) is None
