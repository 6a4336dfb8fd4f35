"""What a test found wrong with a detector, in the words that its card says it in."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.model_card import Figure

BONAFIDE, SPOOF = "bonafide:", "spoof:"  # what the names of groups start with
SMALLEST_GROUP = 20  # utterances of a source or system from which it has a figure of its own
OFTEN_PASSED = 0.3  # of a system's clips called genuine at llr 0, from which the card names it
OFTEN_ACCUSED = 0.2  # of a source's clips called synthetic at llr 0, likewise
SPELLED = {
    "demo": "demo pages' genuine references",
    "emodb": "EMO-DB",
    "griffinlim": "Griffin-Lim copies",
    "hibari": "Hibari",
    "librispeech": "LibriSpeech",
    "open-jtalk": "Open JTalk",
    "sam": "SAM (1982)",
    "voxceleb": "VoxCeleb",
    "world": "WORLD copies",
}


def limits_of(
    test: str, figures: Sequence[Figure], wrong: Mapping[str, tuple[int, float]]
) -> tuple[str, ...]:
    """Return sentences on the errors of one test; each starts with the test's name.

    Args:
        test: such as `On the inner folds`.
        figures: of this test only.
        wrong: for each source and system, its utterances and the share of them on the wrong side of
            llr 0, clean and whole.
    """
    said = [
        f"{test}: EER {_span(figures, 'eer', 100.0, 0)} %, Cllr {_span(figures, 'cllr')} (1 says nothing), "
        "by condition and amount of voice. Read every likelihood ratio with that in mind."
    ]
    for prefix, least, words in (
        (SPOOF, OFTEN_PASSED, "often called genuine at llr 0"),
        (BONAFIDE, OFTEN_ACCUSED, "often called synthetic at llr 0, though genuine"),
    ):
        worst = sorted(
            (
                (rate, name.removeprefix(prefix))
                for name, (count, rate) in wrong.items()
                if name.startswith(prefix) and count >= SMALLEST_GROUP and rate >= least
            ),
            reverse=True,
        )
        if worst:
            named = ", ".join(f"{100 * rate:.0f} % of {SPELLED.get(n, n)}" for rate, n in worst)
            said.append(f"{test}, {words}: {named} (clean, whole clips).")
    return tuple(said)


def _span(figures: Sequence[Figure], metric: str, factor: float = 1.0, digits: int = 2) -> str:
    """Return the lowest and highest value of a metric, such as `0.93 to 1.24`."""
    values = np.array([figure.value for figure in figures if figure.metric == metric]) * factor
    return f"{values.min():.{digits}f} to {values.max():.{digits}f}"
