"""A preparer says where an item is, hands out its batches, and keeps its path to itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.settings import JobsSettings
from jobs.sources import SourceAccess
from jobs.spec import ItemClaim
from pipeline.errors import MediaCorruptError
from tests.claims import CLAIM
from tests.makers import speech_like, write_wav
from tests.models import tiny_models
from workers.evidence_taker import EvidenceTaker
from workers.preparer import Step, prepare_item


def claim_of(path: Path) -> ItemClaim:
    return replace(CLAIM, source_uri=str(path), title=path.name, facts={})


def walk(path: Path, folder: Path, steps: list[Step]) -> None:
    folder.mkdir()
    models = tiny_models()
    settings = JobsSettings()
    with settings.open_guard() as guard:
        access: SourceAccess = settings.source_access(guard, allow_local=True)
        walked = prepare_item(
            claim_of(path),
            folder,
            access,
            models.detector.card,
            (models.separator, models.overlap),
            EvidenceTaker(folder),
        )
        steps.extend(walked)


def test_an_item_passes_its_stages_in_order_and_every_segment_comes_out(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(1, 70.0))

    steps: list[Step] = []
    walk(path, tmp_path / "item", steps)

    stages = [span.stage for head, *_ in steps for span in head.spans]
    assert list(dict.fromkeys(stages)) == ["fetch", "probe", "survey", "prepare"]
    batches = [
        (head.facts, features, sound) for head, features, sound in steps if head.facts is not None
    ]
    assert sum(len(facts.start_s) for facts, *_ in batches) == 70
    for facts, features, sound in batches:
        assert features is not None
        assert sound is not None
        assert len(sound) == len(facts.start_s)
        n_scored = int((facts.reason == "").sum())
        assert all(len(tensor) == n_scored for tensor in features.tensors.values())
    watched = steps[-1][0].watched
    assert watched is not None
    assert [one.end_s for one in watched.pictures] == [70.0]
    assert list(watched.separated_sha256) == [(0, 0)]


def test_no_local_path_leaves_a_preparer(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(1, 4.0))

    steps: list[Step] = []
    walk(path, tmp_path / "item", steps)

    media = [head.media for head, *_ in steps if head.media is not None]
    assert media[-1].probe is not None
    assert all(one.path == Path() for one in media)


def test_a_broken_file_fails_in_the_stage_that_was_named_last(tmp_path: Path) -> None:
    path = tmp_path / "broken.mp3"
    path.write_bytes(b"no sound" * 400)
    steps: list[Step] = []

    with pytest.raises(MediaCorruptError):
        walk(path, tmp_path / "item", steps)

    assert steps[-1][0].stage == "probe"
