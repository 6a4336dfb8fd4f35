"""Was this recording once compressed? A small lossy-codec detector, to audit data with.

In most collections genuine speech was MP3, AAC or Vorbis once and synthetic speech never was, so a
detector may learn "was compressed" for "is genuine" (SCIENCE.md section 8). How well compression alone
tells the classes apart is measured with this: trained on utterances and their own coded copies, and
applied to sources that it was not trained on. It says nothing about who speaks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.vocabulary import FloatArray
from training.metrics import Scores, auc
from training.quality import N_FFT, SAMPLE_RATE, stft_power

BANDS_HZ = tuple((low, low + 1_000) for low in range(1_000, 8_000, 1_000))
HOLE_DEPTHS_DB = (-20.0, -30.0, -45.0)  # below the neighbourhood: masked, quantised away, zeroed
NEIGHBOURHOOD = (9, 7)  # bins, frames: 280 Hz by 56 ms
FLOOR_DB = -90.0  # of the loudest cell: what digital silence is lifted to
N_PARTS = 4  # of the sources: each part is judged by a classifier that was trained on the others


@dataclass(frozen=True, slots=True)
class CodecHistory:
    """What the audit finds."""

    codec_auc: float  # coded copy against original, of sources not trained on
    score: Scores  # (n,) of the originals: higher = looks compressed
    prepared_score: Scores  # (n,) of the same utterances as training sees them


def codec_cues(samples: FloatArray) -> Scores:
    """Return the cues of one recording: holes, cut-off and flicker of its high bands.

    Args:
        samples: float32 (n_samples,), 16 kHz.
    """
    power = stft_power(samples)  # (n_bins, n_frames)
    level_db = np.maximum(10 * np.log10(power / power.max()), FLOOR_DB)
    around_db = 10 * np.log10(
        scipy.ndimage.uniform_filter(power / power.max(), NEIGHBOURHOOD, mode="nearest") + 1e-12
    )
    cues = []
    for low_hz, high_hz in BANDS_HZ:
        band = slice(round(low_hz * N_FFT / SAMPLE_RATE), round(high_hz * N_FFT / SAMPLE_RATE))
        depth = level_db[band] - np.maximum(around_db[band], FLOOR_DB)
        cues += [float(np.mean(depth < deep_db)) for deep_db in HOLE_DEPTHS_DB]
        frames_db = level_db[band].mean(axis=0)  # (n_frames,)
        cues.append(float(frames_db.mean()))
        cues.append(float(np.abs(np.diff(frames_db)).mean()))  # bands that come and go
    mean_db = level_db.mean(axis=1)
    cues.append(float(np.min(np.diff(mean_db[:-2], n=1))))  # the steepest fall: a low-pass
    return np.array(cues)


def codec_history(
    originals: Sequence[Scores],
    coded: Sequence[Scores],
    prepared: Sequence[Scores],
    source: Sequence[str],
    learned_from: Sequence[bool] | None = None,
) -> CodecHistory:
    """Return how compressed each original looks, by classifiers that never heard its source.

    Trained on all originals as "not compressed", though some were, what those share with their coded
    copies cancels, and what is found is a lower bound. Trained on speech that surely never was, it
    knows codecs better, but what that speech lacks beside a history, such as noise, counts too: an
    upper bound.

    Args:
        originals: cues of each utterance as it is.
        coded: cues of the same utterances after a lossy codec.
        prepared: cues of the same utterances as training sees them; judged, never trained on.
        source: of each utterance: genuine source, or system.
        learned_from: which utterances may be trained on; all if not given.

    Raises:
        ValueError: fewer than two sources to be trained on.
    """
    plain, lossy = np.stack(originals), np.stack(coded)
    learned = np.ones(len(plain), np.bool_) if learned_from is None else np.asarray(learned_from)
    names, part = np.unique(np.asarray(source), return_inverse=True)
    if len(np.unique(part[learned])) < 2:
        raise ValueError("a source can be left out only where there is another")
    # sources that are learned from come first, so that no part holds all of them
    order = np.argsort([not learned[part == k].any() for k in range(len(names))], kind="stable")
    part = np.argsort(order)[part] % min(N_PARTS, len(names))
    judged = {"plain": plain, "lossy": lossy, "prepared": np.stack(prepared)}
    scores = {name: np.zeros(len(plain)) for name in judged}
    for held in np.unique(part):
        own = part == held
        classifier = _fit(plain[~own & learned], lossy[~own & learned])
        for name, cues in judged.items():
            scores[name][own] = classifier.decision_function(cues[own])
    return CodecHistory(auc(scores["lossy"], scores["plain"]), scores["plain"], scores["prepared"])


def _fit(plain: Scores, lossy: Scores) -> Pipeline:
    cues = np.concatenate([plain, lossy])
    is_coded = np.arange(len(cues)) >= len(plain)
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=500)).fit(
        cues, is_coded
    )
