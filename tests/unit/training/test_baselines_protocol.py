"""The baselines' protocol: same windows for all, a stated budget, rows that are kept and printed."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from typer import Typer
from typer.testing import CliRunner

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.baselines.fit_net import NetFitConfig, fit_net, learning_rate_share
from training.baselines.protocol import Fitted, Protocol, measure, run_baseline
from training.baselines.table import markdown_table
from training.baselines.windows import Features, Windows, cut_windows, describe_windows
from training.baselines.zoo import SCALED, TABLE_ROWS, Baseline, checked
from training.commands import baselines
from training.manifests import Utterance, read_manifest
from training.models.ann import Ann, AnnConfig

RATE = 16_000


def make_corpus(folder: Path) -> tuple[Utterance, ...]:
    """Write a corpus whose synthetic speech lacks the upper half of the spectrum."""
    random = np.random.default_rng(0)
    rows = []
    for i in range(24):
        genuine = i % 2 == 0
        # inner fold 0 holds the source `wakeword` out, and tests on the spoof of fold 0
        is_test = i % 4 < 2
        samples = random.standard_normal(RATE + 6000 * (i % 3)) * 0.1
        if not genuine:
            samples = np.convolve(samples, np.ones(4) / 2, mode="same")
        name = f"{i}.wav"
        soundfile.write(folder / name, samples, RATE)
        rows.append(
            {
                "path": name,
                "label": "bonafide" if genuine else "spoof",
                "source": ("wakeword" if is_test else "librispeech") if genuine else "made",
                "speaker": f"speaker{i}" if genuine else "",
                "system": "" if genuine else ("unseen" if is_test else f"seen{i}"),
                "kind": "" if genuine else "tts",
                "clip_id": f"clip{i}",
                "fold": 0 if is_test else 1,
            }
        )
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return read_manifest(folder / "manifest.csv")


def make_windows(n: int, n_training: int) -> Windows:
    is_bonafide = np.arange(n) % 2 == 0
    return Windows(
        is_training=np.arange(n) < n_training,
        utterance=np.arange(n),
        is_bonafide=is_bonafide,
        group=np.where(is_bonafide, "bonafide:a", "spoof:b"),
        voice=np.arange(n).astype(np.str_),
        fingerprint="0123456789abcdef",
    )


def test_windows_lie_a_hop_apart_and_the_last_one_at_the_end() -> None:
    samples = np.arange(1, 40_001, dtype=np.float32)
    starts = [int(window[0]) - 1 for window in cut_windows(samples, 16_000)]
    assert starts == [0, 16_000, 24_000]


def test_a_short_tail_gives_no_window_of_its_own() -> None:
    samples = np.ones(33_000, dtype=np.float32)
    assert len(cut_windows(samples, 16_000)) == 2


def test_near_silent_windows_are_dropped() -> None:
    samples = np.concatenate([np.ones(16_000), np.full(16_000, 0.01)]).astype(np.float32)
    assert len(cut_windows(samples, 16_000)) == 1


def test_neural_codec_copies_and_the_closed_fold_stand_on_neither_side(tmp_path: Path) -> None:
    utterances = list(make_corpus(tmp_path))
    utterances[3] = replace(utterances[3], kind="codec")
    utterances[7] = replace(utterances[7], fold=4)
    windows = describe_windows(utterances, 0, tmp_path / "cache")
    assert {3, 7}.isdisjoint(windows.utterance.tolist())
    assert windows.is_training.any()
    assert not windows.is_training.all()


def test_a_changed_split_has_another_fingerprint(tmp_path: Path) -> None:
    utterances = make_corpus(tmp_path)
    before = describe_windows(utterances, 0, tmp_path / "cache").fingerprint
    assert describe_windows(utterances, 0, tmp_path / "cache").fingerprint == before
    fewer = [row for row in utterances if row.clip_id != "clip2"]
    assert describe_windows(fewer, 0, tmp_path / "cache").fingerprint != before


def test_a_row_is_made_once_and_then_read(tmp_path: Path) -> None:
    utterances = make_corpus(tmp_path)
    chunks: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        chunks.append((done, total))

    run = (utterances, Baseline("lfcc", "svm"), Protocol(), tmp_path / "cache", note)
    first = run_baseline(*run)
    assert chunks[-1][0] == chunks[-1][1]
    assert first.n_bonafide == sum(
        row.source == "wakeword" and row.label is Label.BONAFIDE for row in utterances
    )
    assert first.eer[0] == 0.0
    assert first.accuracy_at_eer == 1.0
    chunks.clear()
    assert run_baseline(*run) == first
    assert not chunks


def test_a_net_is_fitted_scored_and_counted(tmp_path: Path) -> None:
    utterances = make_corpus(tmp_path)
    row = run_baseline(
        utterances,
        Baseline("log_mel", "ann"),
        Protocol(budget_s=0.5),
        tmp_path / "cache",
        lambda done, total: None,
    )
    assert row.n_windows_seen > 0
    assert row.n_parameters == 160 * 256 + 256 + 256 * 128 + 128 + 128 + 1
    assert "| log_mel | ann |" in markdown_table([row])


def test_a_broken_off_run_goes_on_and_a_finished_one_is_only_loaded(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    features = Features(random.standard_normal((40, 10, 3)).astype(np.float16))
    windows, path = make_windows(40, 30), tmp_path / "net.pt"
    short = NetFitConfig(budget_s=0.05)
    first = fit_net(Ann(AnnConfig(3)), features, windows, short, path)
    longer = fit_net(Ann(AnnConfig(3)), features, windows, replace(short, budget_s=0.1), path)
    assert longer.n_windows_seen >= first.n_windows_seen
    again = fit_net(Ann(AnnConfig(3)), features, windows, replace(short, budget_s=0.1), path)
    assert again.n_windows_seen == longer.n_windows_seen
    torch.testing.assert_close(again.net.state_dict(), longer.net.state_dict())


def test_the_learning_rate_rises_and_then_falls_to_almost_nothing() -> None:
    assert learning_rate_share(0.0) < 0.1
    assert learning_rate_share(0.05) > 0.9
    assert learning_rate_share(1.0) < 0.02


def test_figures_are_those_of_a_hand_worked_table() -> None:
    windows = make_windows(8, 0)  # utterances 0, 2, 4, 6 are bona fide
    scores = np.array([3, -2, 2, -1, 1, 0.5, -0.5, -3], dtype=np.float32)
    row = measure(Baseline("lfcc", "svm"), Protocol(), windows, Fitted(scores, 0, 8, 0.0))
    assert row.accuracy_at_zero == 0.75  # 6 is called synthetic, 5 genuine
    assert (row.bonafide_rejected_at_zero, row.spoof_accepted_at_zero) == (0.25, 0.25)
    assert row.eer[0] == 0.25
    assert row.auc[0] == 15 / 16
    assert row.eer[1] <= row.eer[0] <= row.eer[2]


def test_an_utterance_has_the_mean_score_of_its_windows() -> None:
    windows = replace(make_windows(4, 0), utterance=np.array([0, 1, 0, 3]))
    windows = replace(windows, is_bonafide=np.array([True, False, True, False]))
    scores = np.array([-1.0, -0.5, 3.0, -2.0], dtype=np.float32)
    row = measure(Baseline("lfcc", "svm"), Protocol(), windows, Fitted(scores, 0, 4, 0.0))
    assert (row.n_bonafide, row.n_spoof, row.accuracy_at_zero) == (1, 2, 1.0)


@pytest.mark.parametrize(
    ("front_end", "model", "said"),
    [
        ("lfcc", "oracle", "no model"),
        ("gammatone", "svm", "no front end"),
        ("lfcc", "aasist", "does not take"),
        ("waveform", "svm", "does not take"),
        (SCALED, "vit", "does not take"),
    ],
)
def test_what_does_not_go_together_is_refused(front_end: str, model: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        checked(Baseline(front_end, model))


def test_every_row_of_the_table_can_be_run_and_stands_there_once() -> None:
    assert len({checked(row).name for row in TABLE_ROWS}) == len(TABLE_ROWS)


def test_the_commands_print_a_row_and_the_table(tmp_path: Path) -> None:
    make_corpus(tmp_path)
    app = Typer()
    baselines.register(app)
    where = ["--folder", str(tmp_path / "cache")]
    which = ["--corpus", str(tmp_path), "--model", "svm", "--front-end", "mfcc"]
    ran = CliRunner().invoke(app, ["baseline", *which, *where])
    assert "mfcc x svm: EER" in ran.output, ran.output
    table = CliRunner().invoke(app, ["baselines-table", *where])
    assert "| mfcc | svm |" in table.output, table.output
