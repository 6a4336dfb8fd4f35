"""min t-DCF: what a countermeasure saves a speaker verification system behind it.

Two forms are in use. 2019: Kinnunen et al., "t-DCF: a detection cost function for the tandem
assessment of spoofing countermeasures and automatic speaker verification" (Odyssey 2018),
equation 10, as ASVspoof 2019 used it. 2021: Kinnunen et al., "Tandem assessment of spoofing
countermeasures and automatic speaker verification: fundamentals" (TASLP 2020), equations 8 to 11,
as ASVspoof 2021 used it; there 1 is the better of "no countermeasure" and "reject everything".
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from pipeline.errors import InputError
from training.metrics.detection import equal_error_rate, error_curve, error_rates
from training.metrics.scores import Scores, checked

TRIAL_KEYS = ("target", "nontarget", "spoof")


class TandemForm(StrEnum):
    """Which definition of the cost."""

    ASVSPOOF_2019 = "2019"  # legacy: the cost of the countermeasure's own errors only
    ASVSPOOF_2021 = "2021"  # the cost of the tandem, verification's errors included


@dataclass(frozen=True, slots=True)
class TandemCosts:
    """Priors and costs; the defaults are those of both ASVspoof challenges."""

    p_spoof: float = 0.05
    p_target: float = 0.95 * 0.99
    p_nontarget: float = 0.95 * 0.01
    c_miss: float = 1.0  # of rejecting the rightful speaker, by either system
    c_false_alarm: float = 10.0  # of letting another speaker through
    c_false_alarm_spoof: float = 10.0  # of letting synthetic speech through


@dataclass(frozen=True, slots=True)
class AsvScores:
    """Scores of a speaker verification system; higher = more likely the claimed speaker."""

    target: Scores  # the rightful speaker
    nontarget: Scores  # another speaker
    spoof: Scores  # synthetic speech in the rightful speaker's name


@dataclass(frozen=True, slots=True)
class AsvErrors:
    """Error rates of a speaker verification system at its own threshold."""

    miss_rate: float  # rightful speakers rejected
    false_alarm_rate: float  # other speakers let through
    spoof_let_through_rate: float

    @classmethod
    def at_eer(cls, scores: AsvScores) -> "AsvErrors":
        """Return the error rates at the threshold where misses and false alarms are equal.

        Raises:
            InputError: one of the three kinds of trials is missing.
        """
        for name, kind in zip(
            TRIAL_KEYS, (scores.target, scores.nontarget, scores.spoof), strict=True
        ):
            if not len(checked(kind)):
                raise InputError(f"the speaker verification scores hold no {name} trial")
        threshold = equal_error_rate(scores.target, scores.nontarget).threshold
        point = error_rates(scores.target, scores.nontarget, threshold)
        passed = float(np.mean(checked(scores.spoof) >= threshold))
        return cls(point.bonafide_rejected_rate, point.spoof_accepted_rate, passed)


def min_tdcf(
    bonafide: ArrayLike,
    spoof: ArrayLike,
    asv: AsvErrors,
    form: TandemForm = TandemForm.ASVSPOOF_2021,
    costs: TandemCosts | None = None,
) -> float:
    """Return the least normalised tandem cost over all thresholds; NaN if a class is empty.

    Args:
        bonafide: CM scores, higher = more bona fide.
        spoof: CM scores.
        asv: of the verification system behind.
        form: which definition.
        costs: ASVspoof's if not given.

    Raises:
        InputError: with these verification errors a weight of the cost is negative or both are 0,
            so that the cost means nothing.
    """
    if not len(checked(bonafide)) or not len(checked(spoof)):
        return float("nan")
    costs = costs or TandemCosts()
    idle, miss, false_alarm = tandem_weights(asv, form, costs)
    _, rejected, accepted = error_curve(bonafide, spoof)
    cost = idle + miss * rejected + false_alarm * accepted
    return float(cost.min() / (idle + min(miss, false_alarm)))


def tandem_weights(
    asv: AsvErrors, form: TandemForm, costs: TandemCosts
) -> tuple[float, float, float]:
    """Return C0, C1, C2 of t-DCF = C0 + C1 P_miss + C2 P_fa; C0 is 0 in the form of 2019.

    Raises:
        InputError: see `min_tdcf`.
    """
    others = costs.p_nontarget * costs.c_false_alarm * asv.false_alarm_rate
    passed = costs.p_spoof * costs.c_false_alarm_spoof * asv.spoof_let_through_rate
    if form is TandemForm.ASVSPOOF_2019:
        idle = 0.0
        miss = costs.p_target * (costs.c_miss - costs.c_miss * asv.miss_rate) - others
    else:
        idle = costs.p_target * costs.c_miss * asv.miss_rate + others
        miss = costs.p_target * costs.c_miss - idle
    if miss < 0 or passed < 0 or idle + min(miss, passed) <= 0:
        raise InputError(
            "t-DCF is not defined for this speaker verification: it errs so often, or lets so little "
            "synthetic speech through, that a countermeasure has nothing to save"
        )
    return idle, miss, passed


def read_asv_scores(scores: Path, trials: Path | None = None) -> AsvScores:
    """Return the scores of a file of ASVspoof.

    Args:
        scores: 2019: lines `SOURCE KEY SCORE`, key target, nontarget or spoof.
            2021: lines `SPEAKER TRIAL SCORE`, with `trials`.
        trials: 2021's trial_metadata.txt, which has speaker and trial in its first two columns
            and the key in any later one.

    Raises:
        InputError: a line has another form, its key is none of the three, or its trial is unknown.
    """
    keys = _read_trial_keys(trials) if trials else {}
    found: dict[str, list[float]] = {key: [] for key in TRIAL_KEYS}
    for number, line in enumerate(scores.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            first, second, text = words
            key = keys[first, second] if trials else second
            found[key].append(float(text))
        except (ValueError, KeyError) as error:
            raise InputError(
                f"{scores.name}, line {number}: {line[:80]!r} is no score of a trial that is known as "
                "target, nontarget or spoof"
            ) from error
    return AsvScores(*(np.array(found[key], dtype=np.float64) for key in TRIAL_KEYS))


def _read_trial_keys(trials: Path) -> dict[tuple[str, str], str]:
    """Return the key of each (speaker, trial)."""
    keys = {}
    for number, line in enumerate(trials.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        named = [word for word in words[2:] if word in TRIAL_KEYS]
        if len(named) != 1:
            raise InputError(
                f"{trials.name}, line {number}: {line[:80]!r} does not say target, nontarget or spoof"
            )
        keys[words[0], words[1]] = named[0]
    return keys
