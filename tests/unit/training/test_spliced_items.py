"""Spliced items: what is synthetic lies where the item says, and joins are alike in both kinds."""

import numpy as np
import pytest
import soundfile

from pipeline.vocabulary import Label
from training.feature_cache import SAMPLE_RATE
from training.manifests import Utterance
from training.spliced_items import make_genuine, make_spliced

HIGH_HZ, LOW_HZ = 3000.0, 300.0
N_CLIPS, CLIP_S = 12, 2.0


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Utterance, ...]:
    """Return low tones as genuine clips and high ones as synthetic, the first half in pairs."""
    folder = tmp_path_factory.mktemp("clips")
    time_s = np.arange(round(CLIP_S * SAMPLE_RATE)) / SAMPLE_RATE
    rows = []
    for number in range(N_CLIPS):
        for label, hertz in ((Label.BONAFIDE, LOW_HZ), (Label.SPOOF, HIGH_HZ)):
            path = folder / f"{label.value}{number}.wav"
            soundfile.write(path, 0.1 * np.sin(2 * np.pi * hertz * time_s), SAMPLE_RATE)
            is_spoof = label is Label.SPOOF
            rows.append(
                Utterance(
                    path=path,
                    label=label,
                    source="made" if is_spoof else "room",
                    speaker=f"s{number % 3}",
                    system="copier" if is_spoof else "",
                    kind="vocoder" if is_spoof else "",
                    language="",
                    clip_id=path.stem,
                    paired_with=f"bonafide{number}" if is_spoof and number < 6 else "",
                    fold=0,
                )
            )
    return tuple(rows)


def share_of_high(samples: np.ndarray) -> float:
    """Return the share of the power above 1 500 Hz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    first = int(1500 * len(samples) / SAMPLE_RATE)
    return float(power[first:].sum() / power.sum())


def test_the_synthetic_stretch_lies_where_the_item_says(held_out: tuple[Utterance, ...]) -> None:
    for made in make_spliced(held_out, 4, np.random.default_rng(0)):
        start, end = (round(at * SAMPLE_RATE) for at in made.synthetic_s[0])
        edge = SAMPLE_RATE // 4
        assert share_of_high(made.samples[start + edge : end - edge]) > 0.9
        if start > 2 * edge:
            assert share_of_high(made.samples[: start - edge]) < 0.1
        assert made.system == "copier"
        assert 15 < made.duration_s < 75


def test_every_other_item_takes_matched_copies(held_out: tuple[Utterance, ...]) -> None:
    made = list(make_spliced(held_out, 4, np.random.default_rng(0)))
    assert [one.is_matched for one in made] == [True, False, True, False]


def test_genuine_items_last_a_minute_and_hold_nothing_synthetic(
    held_out: tuple[Utterance, ...],
) -> None:
    (made,) = make_genuine(held_out, 1, np.random.default_rng(0))
    assert made.duration_s == pytest.approx(60.0)
    assert made.synthetic_s == ()
    assert share_of_high(made.samples) < 0.1


def test_the_same_seed_makes_the_same_items(held_out: tuple[Utterance, ...]) -> None:
    one = list(make_spliced(held_out, 2, np.random.default_rng(3)))
    other = list(make_spliced(held_out, 2, np.random.default_rng(3)))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.samples, second.samples)
