"""Splits leak nothing: proven on the real manifest's columns."""

from pathlib import Path

import pytest

from pipeline.vocabulary import Label
from training.manifests import Utterance, read_manifest
from training.splits import (
    CLOSED_FOLD,
    HELD_OUT_SOURCES,
    OPEN_FOLDS,
    Split,
    split_fold,
    split_inner,
    split_release,
    system_name,
)

MANIFEST = Path(__file__).parents[2] / "data" / "corpus_manifest.csv.gz"


@pytest.fixture(scope="module")
def utterances() -> tuple[Utterance, ...]:
    return read_manifest(MANIFEST)


def systems(rows: tuple[Utterance, ...]) -> set[str]:
    return {system_name(row) for row in rows} - {""}


def assert_nothing_leaks(split: Split) -> None:
    assert systems(split.train).isdisjoint(systems(split.test))
    train_ids = {row.clip_id for row in split.train}
    test_ids = {row.clip_id for row in split.test}
    assert train_ids.isdisjoint(test_ids)
    assert train_ids.isdisjoint(row.paired_with for row in split.test)
    assert test_ids.isdisjoint(row.paired_with for row in split.train)
    speakers = {row.speaker for row in split.test} - {""}
    assert speakers.isdisjoint(row.speaker for row in split.train)


def test_the_real_manifest_is_read_whole(utterances: tuple[Utterance, ...]) -> None:
    assert len(utterances) == 3532
    assert {row.fold for row in utterances} == {0, 1, 2, 3, 4}


def test_folds_alone_leak(utterances: tuple[Utterance, ...]) -> None:
    in_fold = tuple(row for row in utterances if row.fold == 0)
    elsewhere = tuple(row for row in utterances if row.fold != 0)
    assert not systems(in_fold).isdisjoint(systems(elsewhere))


@pytest.mark.parametrize("fold", [0, 1, 2, 3, 4])
def test_a_fold_split_leaks_nothing(utterances: tuple[Utterance, ...], fold: int) -> None:
    split = split_fold(utterances, fold)
    assert_nothing_leaks(split)
    assert {row.fold for row in split.test} == {fold}
    assert {row.label for row in split.train} == set(Label)


@pytest.mark.parametrize("fold", OPEN_FOLDS)
def test_an_inner_split_leaks_no_system_and_no_source(
    utterances: tuple[Utterance, ...], fold: int
) -> None:
    split = split_inner(utterances, fold)
    assert_nothing_leaks(split)
    assert {row.source for row in split.train}.isdisjoint(HELD_OUT_SOURCES[fold])


@pytest.mark.parametrize("fold", OPEN_FOLDS)
def test_nothing_that_is_chosen_sees_the_closed_fold(
    utterances: tuple[Utterance, ...], fold: int
) -> None:
    split = split_inner(utterances, fold)
    assert CLOSED_FOLD not in {row.fold for row in split.train + split.test}


def test_the_release_is_tested_on_systems_and_speakers_it_never_met(
    utterances: tuple[Utterance, ...],
) -> None:
    split = split_release(utterances)
    assert_nothing_leaks(split)
    assert {row.fold for row in split.test} == {CLOSED_FOLD}
    assert CLOSED_FOLD not in {row.fold for row in split.train}


def test_every_source_but_one_voice_is_held_out_once(utterances: tuple[Utterance, ...]) -> None:
    held_out = [source for sources in HELD_OUT_SOURCES.values() for source in sources]
    genuine = {row.source for row in utterances if row.label is Label.BONAFIDE}
    assert sorted(held_out) == sorted(genuine - {"demo", "ljspeech"})


def test_aliases_are_one_system(utterances: tuple[Utterance, ...]) -> None:
    assert {"hifigan", "hifigan-int8"} <= {row.system for row in utterances}
    assert "hifigan-int8" not in systems(utterances)
