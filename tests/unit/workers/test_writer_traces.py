"""What a fleet notes beside the numbers is what one process notes: pictures, seconds, steps."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from jobs.settings import JobsSettings
from jobs.sources import SourceAccess
from pipeline.analyse import examine
from pipeline.strongest import SoundKeeper
from pipeline.traces import SoundArray
from pipeline.vocabulary import (
    AnalysisOptions,
    MediaFile,
    MediaItem,
    ModelOutputs,
    SegmentFacts,
)
from tests.claims import CLAIM
from tests.makers import speech_like, write_wav
from tests.models import tiny_models
from workers.evidence_taker import EvidenceTaker
from workers.preparer import prepare_item
from workers.scorer import DetectorFacts
from workers.walk_values import Watched
from workers.writer import Prepared, _report


def test_the_traces_of_a_walk_in_pieces_are_those_of_one_process(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "speech.wav", speech_like(1, 35.0))
    models, folder = tiny_models(), tmp_path / "item"
    folder.mkdir()
    claim = replace(CLAIM, source_uri=str(path), title=path.name, facts={})
    facts: list[SegmentFacts] = []
    outputs: list[ModelOutputs] = []
    keeper = SoundKeeper[SoundArray]()
    media: MediaFile | None = None
    watched: Watched | None = None
    settings = JobsSettings()
    with settings.open_guard() as guard:
        access: SourceAccess = settings.source_access(guard, allow_local=True)
        card = models.detector.card
        evidence = EvidenceTaker(folder)
        steps = prepare_item(
            claim, folder, access, card, (models.separator, models.overlap), evidence
        )
        for head, features, sound in steps:
            media, watched = head.media or media, head.watched or watched
            if head.facts is not None and features is not None and sound is not None:
                facts.append(head.facts)
                outputs.append(models.detector.score(features))
                keeper.add(len(facts) - 1, head.facts, outputs[-1].cm_score, sound)
    assert media is not None
    detector = DetectorFacts(card, models.detector.use)
    prepared = Prepared(
        claim, media, None, tuple(facts), detector, models.uses, {}, watched=watched
    )

    pieces = _report(prepared, outputs, keeper.kept).traces
    whole = examine(MediaItem("1", "1", "", ""), path, models, AnalysisOptions()).traces

    assert pieces.derivation == whole.derivation
    assert [step.step for step in whole.derivation] == ["probe", "decode", "separate"]
    for one, other in zip(pieces.pictures, whole.pictures, strict=True):
        assert np.array_equal(one.levels, other.levels)
    assert [one.row for one in pieces.heard] == [one.row for one in whole.heard]
    for here, there in zip(pieces.heard, whole.heard, strict=True):
        assert np.array_equal(here.samples, there.samples)
        assert np.array_equal(here.picture.levels, there.picture.levels)
