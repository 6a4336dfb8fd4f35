"""Learning curves survive interruptions, early stop keeps the best weights and leaks nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray, Label
from training.development import hold_back
from training.early_stop import Development, EarlyStop, Watch
from training.learning_curves import CurveWriter, curve_path, draw_curves, find_curves, read_curve
from training.manifests import Utterance
from training.models.encoding_net import EncodingNetConfig, fit_encoding_net

SMALL = EncodingNetConfig(n_nets=1, width=16, narrow_width=8, n_steps=100, batch_size=32)


def write_steps(path: Path, first: int, last: int) -> None:
    with CurveWriter(path, first, event_files=False) as curve:
        for step in range(first + 1, last + 1):
            curve.add(step, loss=float(step), learning_rate=1e-3)


def made_statistics() -> tuple[FloatArray, np.ndarray]:
    random = np.random.default_rng(0)
    genuine = np.arange(200) % 2 == 0
    statistics = random.normal(size=(200, 12)).astype(np.float32)
    statistics[genuine, 0] += 1.5
    return statistics, genuine


def made_utterance(number: int, speaker: str, source: str, system: str, pair: str) -> Utterance:
    return Utterance(
        path=Path(f"{number}.wav"),
        label=Label.SPOOF if system else Label.BONAFIDE,
        source=source,
        speaker=speaker,
        system=system,
        kind="tts" if system else "",
        language="en",
        clip_id=str(number),
        paired_with=pair,
        fold=1,
    )


def made_utterances() -> tuple[Utterance, ...]:
    """Return 5 sources of 8 voices; 4 systems copy voices of these, 6 have voices of their own."""
    rows = [made_utterance(i, f"v{i % 40}", f"room{i % 5}", "", "") for i in range(200)]
    rows += [
        made_utterance(200 + i, f"v{i % 40}", "made", f"copy{i % 4}", str(i)) for i in range(100)
    ]
    rows += [made_utterance(300 + i, f"own{i % 6}", "demo", f"tts{i % 6}", "") for i in range(60)]
    return tuple(rows)


def test_a_curve_has_the_mean_loss_of_each_stretch(tmp_path: Path) -> None:
    write_steps(tmp_path / "a.curve.csv", 0, 50)
    points = read_curve(tmp_path / "a.curve.csv")
    assert [(point.step, point.loss) for point in points] == [(25, 13.0), (50, 38.0)]


def test_a_resumed_run_writes_the_rows_after_its_checkpoint_again(tmp_path: Path) -> None:
    path = tmp_path / "a.curve.csv"
    write_steps(path, 0, 100)
    write_steps(path, 50, 75)
    points = read_curve(path)
    assert [point.step for point in points] == [25, 50, 75]
    assert points[2].seconds >= points[1].seconds


def test_a_last_row_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.curve.csv"
    write_steps(path, 0, 50)
    with path.open("a") as file:
        file.write("75,0.5")
    assert [point.step for point in read_curve(path)] == [25, 50]


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.curve.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no learning curve"):
        find_curves(tmp_path)


def test_event_files_lie_beside_the_curve_where_tensorboard_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard (extra `train`)")
    with CurveWriter(tmp_path / "a.curve.csv", event_files=True) as curve:
        curve.add(25, 0.5, 1e-3)
    assert list((tmp_path / "events" / "a").glob("events.out.tfevents.*"))


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_curves_of_a_folder_are_drawn(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "nets").mkdir()
    write_steps(tmp_path / "nets" / "a.curve.csv", 0, 50)
    draw_curves(find_curves(tmp_path), tmp_path / f"curve{suffix}")
    assert (tmp_path / f"curve{suffix}").stat().st_size > 1000


def watched(errors: list[float], patience: int) -> tuple[Watch, nn.Linear]:
    """Return a watch that was shown weights of 1, 2, ... with these errors."""
    left = iter(errors)
    config = EarlyStop(every_steps=1, patience=patience)
    watch, net = Watch(config, lambda net: next(left)), nn.Linear(1, 1)
    for step in range(1, len(errors) + 1):
        with torch.no_grad():
            net.weight.fill_(float(step))
        watch.look(step, net)
    return watch, net


def test_patience_ends_a_run_and_the_best_weights_come_back() -> None:
    watch, net = watched([0.4, 0.2, 0.3, 0.25], patience=2)
    assert watch.has_ended
    watch.put_best(net)
    assert net.weight.item() == 2.0
    assert watch.record()["best_step"] == 2


def test_a_gain_renews_patience() -> None:
    assert not watched([0.4, 0.5, 0.3, 0.35], patience=2)[0].has_ended


def test_a_checkpoint_brings_the_watch_back(tmp_path: Path) -> None:
    watch, net = watched([0.4, 0.2, 0.3], patience=2)
    torch.save(watch.state(), tmp_path / "a.pt")
    later = Watch(EarlyStop(every_steps=1, patience=2), lambda net: 0.9)
    later.restore(torch.load(tmp_path / "a.pt", weights_only=True), "a.pt")
    later.look(4, net)
    later.put_best(net)
    assert later.has_ended
    assert net.weight.item() == 2.0


@pytest.mark.parametrize(
    ("config", "other"),
    [(EarlyStop(), EarlyStop(seed=1)), (EarlyStop(), None), (None, EarlyStop())],
)
def test_a_checkpoint_of_another_development_part_is_refused(
    config: EarlyStop | None, other: EarlyStop | None
) -> None:
    judge: Callable[[nn.Module], float] = lambda net: 0.5  # noqa: E731
    state = Watch(config, judge if config else None).state()
    with pytest.raises(InputError, match="another early stop"):
        Watch(other, judge if other else None).restore(state, "a.pt")


def test_without_early_stop_a_checkpoint_holds_nothing_of_it() -> None:
    assert Watch(None, None).state() == {}


def test_early_stop_of_encoding_nets_keeps_what_was_judged_best(tmp_path: Path) -> None:
    statistics, genuine = made_statistics()
    seen: list[FloatArray] = []

    def error(scores: FloatArray) -> float:
        seen.append(scores)
        return abs(len(seen) - 2.0)  # the second look is the best

    config = replace(SMALL, early_stop=EarlyStop(every_steps=10, patience=2))
    net = fit_encoding_net(
        statistics, genuine, np.ones(200), config, tmp_path / "e.pt", Development(statistics, error)
    )
    assert len(seen) == 4
    assert net.early_stops[0]["best_step"] == 20
    np.testing.assert_allclose(net(torch.from_numpy(statistics)).detach().numpy(), seen[1])
    points = read_curve(curve_path(tmp_path / "e.net0.pt"))
    assert [point.held_out_eer for point in points if point.step % 10 == 0][:2] == [1.0, 0.0]


def test_a_curve_does_not_change_the_weights(tmp_path: Path) -> None:
    statistics, genuine = made_statistics()
    plain = fit_encoding_net(statistics, genuine, np.ones(200), SMALL)
    with_curve = fit_encoding_net(statistics, genuine, np.ones(200), SMALL, tmp_path / "e.pt")
    for one, other in zip(plain.parameters(), with_curve.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("seed", range(5))
def test_the_development_part_shares_no_voice_system_or_pair_with_training(seed: int) -> None:
    utterances = made_utterances()
    rows = np.arange(0, 360, dtype=np.int64)
    kept, held = hold_back(utterances, rows, EarlyStop(share=0.2, seed=seed))
    trained, judged = [[utterances[row] for row in part] for part in (kept, held)]
    assert {row.label for row in judged} == {row.label for row in trained} == set(Label)
    assert {row.speaker for row in trained}.isdisjoint(row.speaker for row in judged)
    assert {row.system for row in trained if row.system}.isdisjoint(
        row.system for row in judged if row.system
    )
    assert {row.paired_with for row in trained if row.paired_with}.isdisjoint(
        row.clip_id for row in judged
    )
    assert 20 <= sum(row.label is Label.BONAFIDE for row in judged) <= 80


def test_the_development_part_lies_within_the_training_part() -> None:
    utterances = made_utterances()
    rows = np.array([row for row in range(360) if row % 7], dtype=np.int64)
    kept, held = hold_back(utterances, rows, EarlyStop())
    assert set(kept) | set(held) <= set(rows)
    assert not set(kept) & set(held)


def test_one_voice_alone_gives_no_development_part() -> None:
    utterances = made_utterances()[:1] + made_utterances()[300:306]
    with pytest.raises(InputError, match="no development part"):
        hold_back(utterances, np.arange(7, dtype=np.int64), EarlyStop())
