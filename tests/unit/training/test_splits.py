"""Splits leak nothing: proven on the real manifest's columns."""

import csv
import gzip
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.vocabulary import Label
from training.manifests import NO_FOLD, Utterance, read_manifest
from training.splits import (
    ALIASES,
    CLOSED_FOLD,
    DEMO_PAGES,
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


# The rule once more, from the CSV file and without our types: rows are dictionaries, and nothing
# of training/splits.py is used but its list of aliases and of held-out sources.


def rows_by_hand() -> list[dict[str, str]]:
    with gzip.open(MANIFEST, "rt", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["id"] = row["clip_id"] or row["path"]
        row["joined"] = ALIASES.get(row["system"].replace("_", "-"), row["system"])
    return rows


def without_leaks_by_hand(
    rows: list[dict[str, str]], test: list[dict[str, str]]
) -> list[dict[str, str]]:
    """Leave out whose system, other half, or speaker (a page's voices) is tested on."""
    joined = {row["joined"] for row in test} - {""}
    speakers = {row["speaker"] for row in test} - {""}
    ids = {row["id"] for row in test}
    halves = {row["paired_with"] for row in test} - {""}
    clean = [row for row in rows if row["joined"] not in joined]
    clean = [row for row in clean if row["speaker"] not in speakers]
    return [row for row in clean if row["paired_with"] not in ids and row["id"] not in halves]


@pytest.mark.parametrize("fold", [0, 1, 2, 3, 4])
def test_a_fold_split_is_the_rule_and_nothing_else(
    utterances: tuple[Utterance, ...], fold: int
) -> None:
    rows = rows_by_hand()
    test = [row for row in rows if row["fold"] == str(fold)]
    others = [row for row in rows if row["fold"] not in (str(fold), "4")]
    expected = {row["id"] for row in without_leaks_by_hand(others, test)}
    split = split_fold(utterances, fold)
    assert {row.clip_id for row in split.train} == expected
    assert {row.clip_id for row in split.test} == {row["id"] for row in test}


@pytest.mark.parametrize("fold", OPEN_FOLDS)
def test_an_inner_split_is_the_rule_and_nothing_else(
    utterances: tuple[Utterance, ...], fold: int
) -> None:
    rows = rows_by_hand()
    held_out = HELD_OUT_SOURCES[fold]
    pages = [page for source in held_out for page in DEMO_PAGES.get(source, ())]
    source_of = {row["id"]: row["source"] for row in rows}
    is_demo = [row["source"] == "demo" for row in rows]
    test = [
        row
        for row, demo in zip(rows, is_demo, strict=True)
        if row["fold"] != "4"
        and (
            row["source"] in held_out
            or (row["fold"] == str(fold) and (demo or row["label"] == "spoof"))
        )
    ]
    tested = {row["id"] for row in test}
    rest = [
        row
        for row in rows
        if row["fold"] != "4"
        and row["id"] not in tested
        and source_of.get(row["paired_with"]) not in held_out
        and row["speaker"] not in pages
    ]
    expected = {row["id"] for row in without_leaks_by_hand(rest, test)}
    split = split_inner(utterances, fold)
    assert {row.clip_id for row in split.train} == expected
    assert {row.clip_id for row in split.test} == tested


@pytest.mark.parametrize("fold", OPEN_FOLDS)
def test_no_copy_of_a_held_out_source_is_trained_on(
    utterances: tuple[Utterance, ...], fold: int
) -> None:
    source_of = {row.clip_id: row.source for row in utterances}
    train = split_inner(utterances, fold).train
    halves = {source_of[row.paired_with] for row in train if row.paired_with}
    assert halves.isdisjoint(HELD_OUT_SOURCES[fold])


@pytest.mark.parametrize("fold", OPEN_FOLDS)
def test_no_voice_of_a_tested_demo_page_is_trained_on(
    utterances: tuple[Utterance, ...], fold: int
) -> None:
    split = split_inner(utterances, fold)
    pages = {row.speaker for row in split.test if row.source == "demo"}
    assert pages
    assert pages.isdisjoint(row.speaker for row in split.train)


def test_demo_pages_with_voices_of_a_held_out_source_are_not_trained_on(
    utterances: tuple[Utterance, ...],
) -> None:
    pages = set(DEMO_PAGES["librispeech"])
    assert pages <= {row.speaker for row in utterances if row.source == "demo"}
    assert pages.isdisjoint(row.speaker for row in split_inner(utterances, 1).train)
    assert not pages.isdisjoint(row.speaker for row in split_inner(utterances, 0).train)
    listed = {source for sources in HELD_OUT_SOURCES.values() for source in sources}
    assert set(DEMO_PAGES) <= listed


def of_fold(rows: tuple[Utterance, ...], fold: int, source: str) -> Utterance:
    return next(row for row in rows if row.source == source and row.fold == fold)


def made_copy(half: Utterance, name: str, fold: int = NO_FOLD) -> Utterance:
    return replace(
        half,
        label=Label.SPOOF,
        path=Path(f"made/{name}.flac"),
        source="made",
        speaker="new:copy",
        system="new",
        kind="vocoder",
        clip_id=name,
        paired_with=half.clip_id,
        fold=fold,
    )


@pytest.mark.parametrize("fold", OPEN_FOLDS)
@pytest.mark.parametrize("half_fold", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("made_fold", [NO_FOLD, 0])
def test_a_made_copy_of_a_held_out_clip_is_never_trained_on(
    utterances: tuple[Utterance, ...], fold: int, half_fold: int, made_fold: int
) -> None:
    halves = [
        row for row in utterances if row.source in HELD_OUT_SOURCES[fold] and row.fold == half_fold
    ]
    made = [made_copy(half, f"m{number}", made_fold) for number, half in enumerate(halves)]
    train = split_inner((*utterances, *made), fold).train
    assert {row.clip_id for row in made}.isdisjoint(row.clip_id for row in train)


def test_a_copy_of_a_copy_of_a_held_out_clip_is_never_trained_on(
    utterances: tuple[Utterance, ...],
) -> None:
    first = made_copy(of_fold(utterances, 1, "korean"), "first")
    second = replace(made_copy(first, "second"), system="newer", speaker="newer:copy")
    spliced = replace(second, clip_id="third", paired_with=f"nobody|{second.clip_id}")
    train = split_inner((*utterances, first, second, spliced), 1).train
    assert {"first", "second", "third"}.isdisjoint(row.clip_id for row in train)


def test_a_made_copy_is_trained_on_where_its_half_and_system_are_not_tested(
    utterances: tuple[Utterance, ...],
) -> None:
    made = made_copy(of_fold(utterances, 1, "librispeech"), "made")
    split = split_inner((*utterances, made), 0)
    assert made in split.train
    assert made in split_release((*utterances, made)).train
    assert made not in split_fold((*utterances, made), 1).train


def test_rows_without_a_fold_are_never_tested_on(utterances: tuple[Utterance, ...]) -> None:
    extra = tuple(
        replace(row, clip_id=f"extra {row.clip_id}", paired_with="", fold=NO_FOLD)
        for row in utterances[::7]
    )
    everything = (*utterances, *extra)
    splits = [split_inner(everything, fold) for fold in OPEN_FOLDS]
    splits += [split_fold(everything, fold) for fold in range(5)]
    splits.append(split_release(everything))
    assert all(row.fold != NO_FOLD for split in splits for row in split.test)


def test_rows_without_a_fold_do_not_change_what_the_release_is_tested_on(
    utterances: tuple[Utterance, ...],
) -> None:
    half = of_fold(utterances, 0, "librispeech")
    made = [replace(made_copy(half, f"m{n}"), system="griffinlim") for n in range(200)]
    split = split_release((*utterances, *made))
    assert split.test == split_release(utterances).test
    assert not set(made) & set(split.train)


def test_the_same_source_in_another_manifest_is_held_out_too(
    utterances: tuple[Utterance, ...],
) -> None:
    extra = replace(of_fold(utterances, 0, "librispeech"), clip_id="x", speaker="x", fold=NO_FOLD)
    assert extra not in split_inner((*utterances, extra), 1).train
    assert extra in split_inner((*utterances, extra), 0).train


def test_aliases_end_at_once() -> None:
    assert {name for name in ALIASES.values() if name in ALIASES} == set()


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("HiFi-GAN", "hifigan"),
        ("autovc_f0", "autovc"),
        ("lvc_vc", "lvc_vc"),
        ("Griffin-Lim", "griffinlim"),
        ("FastSpeech2-VC", "fastspeech"),
        ("XTTS v2", "xtts"),
        ("unheard-of", "unheard-of"),
    ],
)
def test_a_system_is_one_however_it_is_written(
    utterances: tuple[Utterance, ...], written: str, name: str
) -> None:
    assert system_name(replace(utterances[0], system=written)) == name


# Models of different papers whose names differ as versions do.
NOT_ONE = {frozenset({"styletts-vc", "stylevc"})}


def stem_of(system: str) -> str:
    """Return a name without hyphens, and without version, size, number format or mode at its end."""
    name = re.sub(r"[^a-z0-9]", "", system)
    ending = r"(?<=.{3})(int8|vc|tts|codec|plus|pp|xl|f0|v?\d+s?|s|uncond|demo)$"
    while (shorter := re.sub(ending, "", name)) != name:
        name = shorter
    return name


def test_names_that_differ_as_spellings_and_versions_do_are_one_system(
    utterances: tuple[Utterance, ...],
) -> None:
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for row in utterances:
        if row.system:
            alike[stem_of(row.system)].add(system_name(row))
    apart = {frozenset(names) for names in alike.values() if len(names) > 1}
    assert apart == NOT_ONE
    assert len({row.system for row in utterances} - {""}) == 178
