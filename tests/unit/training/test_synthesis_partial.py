"""Tests of partly synthetic items: kinds alike, spans true, folds kept apart."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from tests.makers import SAMPLE_RATE, tone
from training.manifests import Utterance, read_manifest
from training.synthesis.made import MANIFEST
from training.synthesis.partial import SPANS, PartialRun, make_items, read_spans

GENUINE_HZ, COPY_HZ = 200.0, 1000.0  # a span is heard by its pitch
QUIET_SAMPLES = 3200  # at both edges: what pauses are made of


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Utterance], list[Utterance]]:
    """Four genuine tones of one speaker in fold 0, and their higher copies."""
    folder = tmp_path_factory.mktemp("halves")
    sides: tuple[list[Utterance], list[Utterance]] = ([], [])
    for i in range(4):
        for side, hz in zip(sides, (GENUINE_HZ, COPY_HZ), strict=True):
            is_copy = hz == COPY_HZ
            path = folder / f"{'copy' if is_copy else 'clip'}{i}.flac"
            soundfile.write(path, np.pad(tone(hz, 1.6, 0.3), QUIET_SAMPLES), SAMPLE_RATE)
            side.append(
                Utterance(
                    path=path,
                    label=Label.SPOOF if is_copy else Label.BONAFIDE,
                    source="made" if is_copy else "a",
                    speaker="v:copy" if is_copy else "a:1",
                    system="v" if is_copy else "",
                    kind="vocoder" if is_copy else "",
                    language="",
                    clip_id=path.stem,
                    paired_with=f"clip{i}" if is_copy else "",
                    fold=0,
                )
            )
    return sides


def test_spans_are_where_the_other_voice_is(
    halves: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    run = PartialRun(tmp_path, n_items=4, shortest_s=5.0, longest_s=8.0)
    assert make_items(*halves, run, lambda: None) == 12
    spans = read_spans(tmp_path / SPANS)
    for row in read_manifest(tmp_path / MANIFEST):
        samples, _ = soundfile.read(row.path)
        for start in np.arange(0.1, len(samples) / SAMPLE_RATE - 0.2, 0.1):
            piece = samples[int(start * SAMPLE_RATE) :][:1600]
            inside = [
                s
                for s in spans.get(row.path.name, ())
                if s.start_s < start + 0.13 and s.end_s > start - 0.03
            ]
            edges = [
                at
                for s in inside
                for at in (s.start_s, s.end_s)
                if start - 0.03 < at < start + 0.13
            ]
            if edges or np.std(piece) < 0.15:
                continue  # across a joint, or a pause
            peak_hz = np.argmax(np.abs(np.fft.rfft(piece))) * 10
            assert abs(peak_hz - (COPY_HZ if inside else GENUINE_HZ)) < 30


def test_genuine_items_have_no_spans_and_synthetic_ones_are_covered(
    halves: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    make_items(*halves, PartialRun(tmp_path, n_items=2), lambda: None)
    spans = read_spans(tmp_path / SPANS)
    for row in read_manifest(tmp_path / MANIFEST):
        seconds = soundfile.info(row.path).duration
        covered = sum(span.end_s - span.start_s for span in spans.get(row.path.name, ()))
        if row.label is Label.BONAFIDE:
            assert covered == 0
        elif row.kind == "spoof":
            assert covered > 0.6 * seconds  # the rest is pauses
        else:
            assert 0 < covered < seconds


def test_the_same_seed_makes_the_same_items(
    halves: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    for name in ("first", "again"):
        make_items(*halves, PartialRun(tmp_path / name, n_items=1), lambda: None)
    texts = [(tmp_path / name / SPANS).read_text() for name in ("first", "again")]
    assert texts[0] == texts[1]


def test_without_pairs_nothing_is_spliced(
    halves: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="synthesize some first"):
        make_items(halves[0], [], PartialRun(tmp_path), lambda: None)
    assert not (tmp_path / MANIFEST).exists()


def test_the_truth_is_a_table(
    halves: tuple[list[Utterance], list[Utterance]], tmp_path: Path
) -> None:
    make_items(*halves, PartialRun(tmp_path, n_items=1), lambda: None)
    with (tmp_path / SPANS).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert {row["system"] for row in rows} == {"v"}
    assert all(float(row["start_s"]) < float(row["end_s"]) for row in rows)
