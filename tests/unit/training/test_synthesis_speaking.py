"""Engines that speak: clips and rows by what is installed; what is missing is skipped by name."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from pipeline.vocabulary import Label
from training.__main__ import app
from training.manifests import NO_FOLD, Utterance, read_manifest
from training.synthesis.engines import NotInstalledError
from training.synthesis.made import MadeRun
from training.synthesis.registry import SPEAKING, choose_engines, choose_speaking
from training.synthesis.speaking import fold_of, n_wanted, speak_with

CORPUS_CLIP = Utterance(
    Path("a.flac"), Label.SPOOF, "made", "piper:joe", "piper-tts", "tts", "en", "a", "", 1
)
PROGRAMS = ("flite", "espeak-ng")


def write_corpus(folder: Path) -> Path:
    """Write a corpus without genuine speech that knows two systems."""
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "label", "source", "speaker", "system", "kind", "fold"))
        writer.writerow(("a.flac", "spoof", "made", "hibari:heart", "hibari", "tts", 0))
        writer.writerow(("b.flac", "spoof", "made", "espeak-ng:de", "espeak-ng", "formant", 4))
    return folder


@pytest.mark.parametrize("name", ["hibari", "piper", *PROGRAMS])
def test_a_sentence_gives_a_clip_and_its_row(name: str, tmp_path: Path) -> None:
    engine = SPEAKING[name]
    corpus = (replace(CORPUS_CLIP, system=name),)
    calls: list[int] = []
    try:
        n_made = speak_with(engine, corpus, MadeRun(tmp_path, tmp_path, 1), lambda: calls.append(1))
    except NotInstalledError as error:
        pytest.skip(str(error))
    assert n_made >= 1
    assert len(calls) == 1
    row = read_manifest(tmp_path / "manifest.csv")[0]
    samples, rate = soundfile.read(row.path)
    assert (rate, samples.ndim) == (16_000, 1)
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() > 0.01
    assert row.seconds == pytest.approx(len(samples) / 16_000, abs=0.01)
    assert 0.8 < row.seconds <= 6.0
    assert (row.label, row.system, row.kind) == (Label.SPOOF, name, engine.kind)
    assert (row.paired_with, row.fold, row.language) == ("", 1, "en")
    assert row.speaker == f"{name}:{engine.voices[0][0]}"


def test_the_same_seed_speaks_the_same(tmp_path: Path) -> None:
    pytest.importorskip("hibari", reason="needs hibari-tts, of the extra demo")
    contents = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        speak_with(SPEAKING["hibari"], (), MadeRun(folder, folder, 1), lambda: None)
        contents.append([path.read_bytes() for path in sorted(folder.rglob("*.flac"))])
    assert contents[0] == contents[1]
    assert contents[0]


def test_a_clip_that_is_there_is_kept(tmp_path: Path) -> None:
    run = MadeRun(tmp_path, tmp_path, 1)
    try:
        first = speak_with(SPEAKING["flite"], (), run, lambda: None)
    except NotInstalledError as error:
        pytest.skip(str(error))
    clip = sorted(tmp_path.rglob("*.flac"))[0]
    written_at = clip.stat().st_mtime_ns
    assert speak_with(SPEAKING["flite"], (), run, lambda: None) == first
    assert clip.stat().st_mtime_ns == written_at


def test_a_missing_program_is_skipped_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("flite") is None
    corpus = write_corpus(tmp_path / "corpus")
    command = ["synthesize", "--corpus", str(corpus), "--folder", str(tmp_path / "made")]
    names = [word for name in (*PROGRAMS, "kokoro") for word in ("--engine", name)]
    result = CliRunner().invoke(app, [*command, *names])
    assert result.exit_code == 0, result.output
    for name in PROGRAMS:
        assert f"{name} is skipped: the program {name} is not installed" in result.output
    assert "kokoro is skipped: " in result.output


def test_none_of_them_runs_unasked() -> None:
    assert choose_speaking(()) == ()
    assert not set(SPEAKING) & {engine.name for engine in choose_engines(())}
    assert choose_engines(("piper",)) == ()
    assert [engine.name for engine in choose_speaking(("piper", "world"))] == ["piper"]


def test_a_system_lies_in_the_corpus_fold_of_it_by_any_spelling() -> None:
    assert fold_of("piper", (CORPUS_CLIP,)) == 1
    assert fold_of("flite", (CORPUS_CLIP,)) == NO_FOLD


def test_as_many_sentences_as_there_are_are_wanted_at_most() -> None:
    assert n_wanted(SPEAKING["piper"], 3) == 3
    assert n_wanted(SPEAKING["piper"], 10_000) == n_wanted(SPEAKING["piper"], None)
