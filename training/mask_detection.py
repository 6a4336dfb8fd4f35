"""Does separation help detection? Speech under music and noise, scored before and after the mask.

The clips are those that an inner fold holds out (`training.splits.split_inner`), fold 4 never; music
and noise are those that the separator never heard. Both ways of listening score the same seconds,
those in which the clean clip is loud: so the table compares the sound, not the cutting.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.calibrate import pooled_row
from pipeline.frontends import compute
from pipeline.model_card import Calibration, PooledRow
from pipeline.score import Detector
from pipeline.separate import Separator
from pipeline.slicing import HEARD_AGAIN_SHARE
from pipeline.vocabulary import Features, FloatArray, Label
from training.calibration import balanced_weights, fit_affine
from training.feature_cache import read_speech
from training.manifests import Utterance
from training.mask_figures import si_sdr_db, voice_of
from training.mask_pools import SAMPLE_RATE, Pool
from training.metrics import cllr, eer, error_rates, min_cllr
from training.segment_scores import QUIET_SHARE
from training.splits import group_name
from training.synthetic_noise import coloured, engine, impulses, modulated

SNRS_DB = (20.0, 10.0, 5.0, 0.0)  # voice over the other sound
NOISES = (coloured, modulated, engine, impulses)
PEAK = 0.9  # of a mixture: nothing clips
CLIP_S = 2.0  # of voice that a clip of the corpus has at least, mostly
N_PARTS = 5  # of the groups, for a calibration that is not tested on what it was fitted on

Scores = NDArray[np.float64]
Mixer = Callable[[np.random.Generator, int], FloatArray]


@dataclass(frozen=True, slots=True)
class Condition:
    """What lies under the speech."""

    name: str  # `clean`, or what it is
    snr_db: float  # infinite where there is nothing


@dataclass(frozen=True, slots=True)
class Heard:
    """Mean CM scores of the clips under one condition; every array has one entry a clip."""

    condition: Condition
    recorded: Scores
    separated: Scores
    removed_share: Scores  # of the energy, by the mask
    si_sdr_gain_db: Scores  # NaN where nothing lies under the speech
    is_bonafide: NDArray[np.bool_]
    group: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: one condition, one way to listen. Fractions; LLRs natural."""

    condition: Condition
    listened: str
    eer: float
    cllr: float
    min_cllr: float
    bonafide_rejected_rate: float  # at llr 0
    spoof_accepted_rate: float  # at llr 0
    n_bonafide: int
    n_spoof: int


def other_sounds(music: Sequence[Pool]) -> dict[str, Mixer]:
    """Return makers of music and of noise that the separator never heard, by name."""

    def draw_music(rng: np.random.Generator, n_samples: int) -> FloatArray:
        pool = music[int(rng.integers(len(music)))]
        return np.resize(pool.draw(rng, n_samples), n_samples)

    def make_noise(rng: np.random.Generator, n_samples: int) -> FloatArray:
        return NOISES[int(rng.integers(len(NOISES)))](rng, n_samples, SAMPLE_RATE)

    return {"music": draw_music, "noise": make_noise}


def choose_clips(
    utterances: Sequence[Utterance], n_each: int, rng: np.random.Generator
) -> list[Utterance]:
    """Return at most `n_each` clips of each class, drawn evenly over sources and systems."""
    chosen: list[Utterance] = []
    for label in Label:
        by_group: dict[str, list[Utterance]] = {}
        for row in utterances:
            if row.label is label and not row.is_codec:
                by_group.setdefault(group_name(row), []).append(row)
        names = sorted(by_group)
        drawn: list[Utterance] = []
        while names and len(drawn) < n_each:
            for name in [names[i] for i in rng.permutation(len(names))]:
                rows = by_group[name]
                drawn.append(rows.pop(int(rng.integers(len(rows)))))
                if not rows:
                    names.remove(name)
        chosen += drawn[:n_each]
    return chosen


def hear(
    clips: Sequence[Utterance],
    detector: Detector,
    separator: Separator,
    others: Mapping[str, Mixer],
    snrs_db: Sequence[float],
    seed: int,
) -> Iterator[Heard]:
    """Yield the clips' scores, as they are and separated, clean and under each sound and SNR.

    Args:
        clips: held out from the detector, see `choose_clips`.
        detector: scores both ways.
        separator: whose voice is the second way.
        others: what lies under the speech, by name.
        snrs_db: voice over the other sound.
        seed: of the choice of the other sounds; one clip has the same one at each SNR.
    """
    speech = [read_speech(row.path) for row in clips]
    conditions = [Condition("clean", np.inf)]
    conditions += [Condition(name, snr_db) for name in others for snr_db in snrs_db]
    is_bonafide = np.array([row.label is Label.BONAFIDE for row in clips])
    group = np.array([group_name(row) for row in clips])
    for condition in conditions:
        sounds: list[tuple[FloatArray, FloatArray]] = []  # segments recorded, separated
        measured: list[tuple[float, float]] = []
        for index, voice in enumerate(speech):
            other = np.zeros_like(voice)
            if condition.name != "clean":
                rng = np.random.default_rng((seed, index))
                other = others[condition.name](rng, len(voice))
            mixture, reference = _mix(voice, other, condition.snr_db)
            masked = voice_of(mixture, separator)[0]
            sounds.append(_loud_segments(reference, (mixture, masked), detector))
            removed = 1 - _energy(masked) / max(_energy(mixture), 1e-12)
            gain_db = si_sdr_db(masked, reference) - si_sdr_db(mixture, reference)
            measured.append((removed, gain_db if condition.name != "clean" else np.nan))
        recorded, separated = (
            _mean_scores([pair[way] for pair in sounds], detector) for way in (0, 1)
        )
        removed_share, gains_db = np.array(measured, dtype=np.float64).T
        yield Heard(condition, recorded, separated, removed_share, gains_db, is_bonafide, group)


def tabulate(parts: Sequence[Heard], scale: float, offset: float) -> list[Row]:
    """Return the table: each condition as recorded, separated, and both together.

    `recorded` and `separated` go through one affine map, the card's; `calibrated apart` is the
    separated score through a map of its own, fitted on the mixtures of other groups; `both` is the
    mean of the recorded LLR and that one.
    """
    apart = _calibrated_apart(parts)
    rows: list[Row] = []
    for part, own in zip(parts, apart, strict=True):
        recorded = scale * part.recorded + offset
        ways = {
            "recorded": recorded,
            "separated": scale * part.separated + offset,
            "separated, calibrated apart": own,
            "both": (recorded + own) / 2,
        }
        rows += [_row(part, name, llr) for name, llr in ways.items()]
    return rows


def join_heard(parts: Sequence[Heard]) -> Heard:
    """Return the clips of several folds under one condition as one."""
    return Heard(
        parts[0].condition,
        np.concatenate([part.recorded for part in parts]),
        np.concatenate([part.separated for part in parts]),
        np.concatenate([part.removed_share for part in parts]),
        np.concatenate([part.si_sdr_gain_db for part in parts]),
        np.concatenate([part.is_bonafide for part in parts]),
        np.concatenate([part.group for part in parts]),
    )


def calibrate_apart(parts: Sequence[Heard], recorded: Calibration) -> Calibration:
    """Return a calibration of the separated voice, for the card.

    Fitted on the clips (up to 3.6 s each) that the pipeline would hear again, both classes and
    their groups balanced; for other amounts of voice scaled as the recorded one is.

    Args:
        parts: clips scored by detectors that were not trained on them.
        recorded: the card's calibration of the recording.
    """
    heard = [np.flatnonzero(part.removed_share >= HEARD_AGAIN_SHARE) for part in parts]
    score = np.concatenate([p.separated[rows] for p, rows in zip(parts, heard, strict=True)])
    genuine = np.concatenate([p.is_bonafide[rows] for p, rows in zip(parts, heard, strict=True)])
    group = np.concatenate([p.group[rows] for p, rows in zip(parts, heard, strict=True)])
    affine = fit_affine(score, genuine, balanced_weights(genuine, group))
    fitted_at = pooled_row(recorded.pooled, CLIP_S)
    rows = [
        PooledRow(
            min_voiced_s=row.min_voiced_s,
            scale=round(affine.scale * row.scale / fitted_at.scale, 5),
            offset=round(affine.offset * row.scale / fitted_at.scale, 5),
        )
        for row in recorded.pooled
    ]
    n_clips = min(int(parts[0].is_bonafide.sum()), int((~parts[0].is_bonafide).sum()))
    return Calibration(
        segment_scale=rows[0].scale,
        segment_offset=rows[0].offset,
        pooled=tuple(rows),
        llr_limit=round(min(recorded.llr_limit, float(np.log(n_clips))), 2),
    )


def read_scores(text: str) -> list[Heard]:
    """Return what `scores_as_json` wrote."""
    return [
        Heard(
            Condition(part["under"], np.inf if part["snr_db"] is None else part["snr_db"]),
            np.array(part["recorded"]),
            np.array(part["separated"]),
            np.array(part["removed_share"]),
            np.full(len(part["group"]), np.nan),
            np.array(part["is_bonafide"]),
            np.array(part["group"]),
        )
        for part in json.loads(text)
    ]


def scores_as_json(parts: Sequence[Heard]) -> str:
    """Return every clip's scores under every condition, for those who want another table."""
    return json.dumps(
        [
            {
                "under": part.condition.name,
                "snr_db": None if part.condition.name == "clean" else part.condition.snr_db,
                "group": part.group.tolist(),
                "is_bonafide": part.is_bonafide.tolist(),
                "recorded": part.recorded.round(4).tolist(),
                "separated": part.separated.round(4).tolist(),
                "removed_share": part.removed_share.round(4).tolist(),
            }
            for part in parts
        ]
    )


def table_lines(rows: Sequence[Row], parts: Sequence[Heard]) -> list[str]:
    """Return the table as Markdown lines, and one on each condition's sound."""
    lines = [
        "| under the speech | SNR dB | listened to | EER % | Cllr | min Cllr "
        "| genuine called synthetic % | synthetic called genuine % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        snr = f"{row.condition.snr_db:g}" if row.condition.name != "clean" else ""
        lines.append(
            f"| {row.condition.name} | {snr} | {row.listened} | {100 * row.eer:.1f} "
            f"| {row.cllr:.2f} | {row.min_cllr:.2f} | {100 * row.bonafide_rejected_rate:.0f} "
            f"| {100 * row.spoof_accepted_rate:.0f} |"
        )
    lines += [
        "",
        f"{rows[0].n_bonafide} genuine and {rows[0].n_spoof} synthetic clips.",
        "",
        "| under the speech | SNR dB | SI-SDR gain dB | share of energy removed, median % |",
        "|---|---|---|---|",
    ]
    for part in parts:
        is_clean = part.condition.name == "clean"
        snr = "" if is_clean else f"{part.condition.snr_db:g}"
        gain = "" if is_clean else f"{part.si_sdr_gain_db.mean():.1f}"
        lines.append(
            f"| {part.condition.name} | {snr} | {gain} "
            f"| {100 * float(np.median(part.removed_share)):.0f} |"
        )
    return lines


def _mix(voice: FloatArray, other: FloatArray, snr_db: float) -> tuple[FloatArray, FloatArray]:
    """Return the mixture and the voice in it, at one gain that keeps it from clipping."""
    ratio = np.sqrt(_energy(voice) / max(_energy(other), 1e-12)) * 10 ** (-snr_db / 20)
    mixture = voice + other * np.float32(ratio)
    gain = np.float32(min(1.0, PEAK / max(float(np.abs(mixture).max()), 1e-6)))
    return mixture * gain, voice * gain


def _mean_scores(clips: Sequence[FloatArray], detector: Detector) -> Scores:
    """Return each clip's mean CM score of its segments (n, segment_samples), scored together."""
    segments = np.concatenate(clips)
    tensors = {
        spec.input_name: compute(spec.front_end, spec.config, segments)
        for spec in detector.card.front_ends
    }
    score = detector.score(Features(tensors)).cm_score
    ends = np.cumsum([len(clip) for clip in clips])[:-1]
    return np.array([part.mean() for part in np.split(score, ends)], dtype=np.float64)


def _loud_segments(
    voice: FloatArray, sounds: tuple[FloatArray, FloatArray], detector: Detector
) -> tuple[FloatArray, FloatArray]:
    """Return both sounds' segments, cut as the product cuts, where the voice is not near-silent."""
    n_samples = detector.card.segment_samples
    last = max(0, len(voice) - n_samples)
    starts = list(range(0, last + 1, n_samples))
    if last > starts[-1]:
        starts.append(last)
    power = [_energy(voice[at : at + n_samples]) for at in starts]
    loud = [at for at, p in zip(starts, power, strict=True) if p > QUIET_SHARE * max(power)]
    recorded, separated = (
        np.stack([sound[at : at + n_samples] for at in loud]) for sound in sounds
    )
    return recorded, separated


def _calibrated_apart(parts: Sequence[Heard]) -> list[Scores]:
    """Return each part's separated LLRs by maps fitted on the mixtures of other groups."""
    score = np.concatenate([part.separated for part in parts])
    is_bonafide = np.concatenate([part.is_bonafide for part in parts])
    group = np.concatenate([part.group for part in parts])
    is_mixture = np.concatenate(
        [np.full(len(part.group), part.condition.name != "clean") for part in parts]
    )
    _, number = np.unique(group, return_inverse=True)
    llr = np.zeros(len(score))
    for held in range(N_PARTS):
        fitted = (number % N_PARTS != held) & is_mixture
        weights = balanced_weights(is_bonafide[fitted], group[fitted])
        affine = fit_affine(score[fitted], is_bonafide[fitted], weights)
        llr[number % N_PARTS == held] = affine(score[number % N_PARTS == held])
    return np.split(llr, np.cumsum([len(part.group) for part in parts])[:-1])


def _row(part: Heard, listened: str, llr: Scores) -> Row:
    genuine, spoof = llr[part.is_bonafide], llr[~part.is_bonafide]
    zero = error_rates(genuine, spoof, 0.0)
    return Row(
        part.condition,
        listened,
        eer(genuine, spoof),
        cllr(genuine, spoof),
        min_cllr(genuine, spoof),
        zero.bonafide_rejected_rate,
        zero.spoof_accepted_rate,
        len(genuine),
        len(spoof),
    )


def _energy(samples: FloatArray) -> float:
    return float(np.square(samples, dtype=np.float64).sum())
