"""Tuning looks at inner folds only, counts systems alike, and goes on where it was broken off."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.calibration import ScoredSegments
from training.commands.tuning import register
from training.early_stop import KEY, EarlyStop
from training.fit import FitConfig
from training.learning_curves import CurveWriter, curve_path, read_curve
from training.manifests import Utterance
from training.models.camplusplus import N_STATISTICS
from training.models.encoding_net import EncodingNetConfig
from training.models.kernel_machine import KernelConfig
from training.models.vit import VitConfig
from training.recipes.phase_fusion import Recipe
from training.release import fit_encoding, fit_member_vit
from training.splits import CLOSED_FOLD
from training.system_errors import mean_system_eer, system_eers
from training.tuning import StudyPlan, mean_error, open_study, run_trials, score_fold, trial_table
from training.tuning_settings import Member, recipe_values, with_values

optuna = pytest.importorskip("optuna", reason="needs optuna (extra `train`)")

N_FRAMES = 240  # of an utterance
CLEAN = (("clean", "clean"),)
SMALL = Recipe(
    vit=VitConfig(
        width=16, depth=1, n_heads=2, mlp_width=16, embedding_size=8, encoding_size=N_STATISTICS
    ),
    fit=FitConfig(
        n_steps=6,
        batch_size=8,
        warmup_steps=2,
        pair_share=0.0,
        copies=(("clean", 1.0, 1.0),),
        pseudo=(("jitter", 0.2),),
        with_encoding=True,
    ),
    kernel=KernelConfig(n_centres=10),
    kernel_copies=(("clean", 1.0),),
    kernel_pseudo=(),
    encoding=EncodingNetConfig(n_nets=1, width=8, narrow_width=4, n_steps=20, batch_size=16),
)
PLAN = StudyPlan(Member.ENCODING, (0, 1), n_steps=20, conditions=CLEAN)


def made_utterance(number: int, source: str, system: str, fold: int) -> Utterance:
    return Utterance(
        path=Path(f"{number}.wav"),
        label=Label.SPOOF if system else Label.BONAFIDE,
        source=source,
        speaker=f"v{number}",
        system=system,
        kind="tts" if system else "",
        language="en",
        clip_id=str(number),
        paired_with="",
        fold=fold,
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Utterance, ...], Path]:
    """Write the features of 64 utterances of 2 s that were never sound; genuine ones lie higher."""
    folder = tmp_path_factory.mktemp("features")
    kinds = [("wakeword", "", 0), ("librispeech", "", 1), ("voxceleb", "", 2), ("asterisk", "", 3)]
    kinds += [("made", f"system{fold}", fold) for fold in range(4)]
    utterances = tuple(made_utterance(i, *kinds[i % 8]) for i in range(64))
    random = np.random.default_rng(0)
    genuine = np.array([row.label is Label.BONAFIDE for row in utterances])
    n_rows = len(utterances)
    index = {"n_values": 238, "start": [N_FRAMES * i for i in range(n_rows)]}
    index["n_frames"] = [N_FRAMES] * n_rows
    owner = np.repeat(np.arange(n_rows), 2)
    for name in ("clean", "jitter"):
        is_high = genuine if name == "clean" else np.zeros(n_rows, dtype=bool)
        frames = 0.3 * random.normal(size=(n_rows, N_FRAMES, 238)) + 0.5 * is_high[:, None, None]
        frames.astype(np.float16).tofile(folder / f"{name}.f16")
        (folder / f"{name}.json").write_text(json.dumps(index))
        values = random.normal(size=(2 * n_rows, N_STATISTICS)) + is_high[owner][:, None]
        start = np.tile([0, 16_000], n_rows)
        np.savez(
            folder / f"{name}.encodings.npz",
            values=values.astype(np.float16),
            owner=owner,
            start=start,
        )
    (folder / "nets").mkdir()
    return utterances, folder


def made_segments(systems: dict[str, list[float]], condition: str = "clean") -> ScoredSegments:
    """Return utterances of one segment: 20 genuine ones at 0 to 19, and these systems' scores."""
    scores = np.concatenate([np.arange(20.0), *(np.array(own) for own in systems.values())])
    names = ["bonafide:room"] * 20
    names += [f"spoof:{name}" for name, own in systems.items() for _ in own]
    n_rows = len(scores)
    return ScoredSegments(
        scores,
        np.arange(n_rows),
        np.arange(n_rows) < 20,
        np.array(names),
        np.array(names),
        np.full(n_rows, condition),
    )


def test_every_system_counts_alike_however_many_utterances_it_has() -> None:
    segments = made_segments({"heard": [-1.0] * 80, "missed": [float(i) for i in range(20)]})
    assert system_eers(segments, "clean")["spoof:heard"] == 0.0
    assert system_eers(segments, "clean")["spoof:missed"] == pytest.approx(0.5, abs=0.03)
    assert mean_system_eer(segments) == pytest.approx(0.25, abs=0.015)


def test_systems_of_few_utterances_count_as_one() -> None:
    segments = made_segments({"large": [-1.0] * 20, "one": [30.0] * 3, "other": [30.0] * 4})
    assert len(system_eers(segments, "clean")) == 2
    assert mean_system_eer(segments) == pytest.approx(0.5)


def test_the_objective_is_the_mean_over_folds() -> None:
    heard, missed = made_segments({"a": [-1.0] * 20}), made_segments({"b": [30.0] * 20})
    assert mean_error([heard, missed, heard, heard]) == pytest.approx(0.25)


def test_a_condition_without_genuine_speech_is_refused() -> None:
    segments = made_segments({"a": [-1.0] * 20})
    with pytest.raises(InputError, match="both classes"):
        mean_error([segments.select(~segments.is_bonafide)])


@pytest.mark.parametrize("folds", [(CLOSED_FOLD,), (0, CLOSED_FOLD), (), (1, 1)])
def test_nothing_is_chosen_on_other_folds_than_the_inner_ones(folds: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        StudyPlan(Member.ENCODING, folds)


@pytest.mark.parametrize("member", Member)
def test_the_recipe_s_own_settings_are_the_recipe(member: Member) -> None:
    assert with_values(Recipe(), member, recipe_values(Recipe(), member, None)) == Recipe()


def test_another_share_of_pseudo_spoofs_keeps_their_proportion() -> None:
    changed = with_values(Recipe(), Member.ENCODING, {"pseudo_share": 0.7})
    assert dict(changed.fit.pseudo) == pytest.approx(
        {name: 2 * share for name, share in Recipe().fit.pseudo}
    )


def test_a_study_begins_with_the_recipe_and_goes_on_where_it_was_broken_off(
    corpus: tuple[tuple[Utterance, ...], Path], tmp_path: Path
) -> None:
    utterances, cache = corpus
    path = tmp_path / "study.db"
    run_trials(open_study(path, utterances, SMALL, PLAN), utterances, cache, SMALL, PLAN, 2)
    cut_off = open_study(path, utterances, SMALL, PLAN).ask()
    cut_off.suggest_float("dropout", 0.0, 0.7)  # and then the process was killed
    study = open_study(path, utterances, SMALL, PLAN)
    run_trials(study, utterances, cache, SMALL, PLAN, 3)

    assert study.trials[0].params == recipe_values(SMALL, Member.ENCODING, 20)
    ended = [trial for trial in study.trials if trial.value is not None]
    assert len(ended) == 3
    assert ended[-1].params["dropout"] == cut_off.params["dropout"]
    assert study.best_value < 0.3
    assert {"inner0", "inner1", "seed"} <= set(ended[0].user_attrs)
    assert len(trial_table(study, PLAN.folds)) == 2 + 3


def test_a_study_file_is_not_gone_on_with_under_another_plan_or_other_data(
    corpus: tuple[tuple[Utterance, ...], Path], tmp_path: Path
) -> None:
    utterances, _ = corpus
    open_study(tmp_path / "study.db", utterances, SMALL, PLAN)
    with pytest.raises(InputError, match="another plan"):
        open_study(tmp_path / "study.db", utterances, SMALL, replace(PLAN, n_steps=30))
    with pytest.raises(InputError, match="another data"):
        open_study(tmp_path / "study.db", utterances[1:], SMALL, PLAN)


@pytest.mark.parametrize("member", [Member.KERNEL, Member.VIT])
def test_the_other_members_are_scored_on_what_a_fold_holds_out(
    corpus: tuple[tuple[Utterance, ...], Path], member: Member
) -> None:
    utterances, cache = corpus
    segments = score_fold(utterances, 0, cache, SMALL, replace(PLAN, member=member))
    assert {utterances[row].source for row in segments.utterance} == {"wakeword", "made"}
    assert np.isfinite(segments.score).all()


def test_a_vit_that_stops_early_says_so_in_its_checkpoint_and_resumes_to_the_same(
    corpus: tuple[tuple[Utterance, ...], Path], tmp_path: Path
) -> None:
    utterances, cache = corpus
    early = EarlyStop(share=0.3, every_steps=2, patience=1)
    recipe = replace(SMALL, fit=replace(SMALL.fit, early_stop=early))
    rows = np.arange(64, dtype=np.int64)
    fitted = fit_member_vit(utterances, rows, cache, recipe, tmp_path / "vit.pt")
    again = fit_member_vit(utterances, rows, cache, recipe, tmp_path / "vit.pt")

    state = torch.load(tmp_path / "vit.pt", weights_only=True)
    assert state[KEY]["share"] == 0.3
    assert state[KEY]["best_step"] in (2, 4, 6)
    points = read_curve(curve_path(tmp_path / "vit.pt"))
    assert all(point.held_out_eer is not None for point in points)
    for one, other in zip(fitted.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_encoding_nets_that_stop_early_are_kept_with_how_they_ended(
    corpus: tuple[tuple[Utterance, ...], Path],
) -> None:
    utterances, cache = corpus
    early = EarlyStop(share=0.3, every_steps=5, patience=1)
    recipe = replace(SMALL, encoding=replace(SMALL.encoding, early_stop=early))
    rows = np.arange(64, dtype=np.int64)
    fitted = fit_encoding(utterances, rows, cache, recipe, "early")
    again = fit_encoding(utterances, rows, cache, recipe, "early")

    state = torch.load(cache / "nets" / "encoding_early.pt", weights_only=True)
    assert [stop["patience"] for stop in state[KEY]] == [1]
    for one, other in zip(fitted.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_command_draws_the_curves_of_a_folder(tmp_path: Path) -> None:
    with CurveWriter(tmp_path / "a.curve.csv", event_files=False) as curve:
        curve.add(25, 0.5, 1e-3)
    app = typer.Typer()
    register(app)
    out = tmp_path / "curve.png"
    result = CliRunner().invoke(app, ["curves", str(tmp_path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert out.exists()
