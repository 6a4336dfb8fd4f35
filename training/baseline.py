"""Baseline: the log-mel ViT of `recipes/log_mel_vit.py`, fitted and measured on an inner fold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.calibration import utterance_items
from training.feature_cache import CLEAN, make_copy
from training.fit import CropSampler, fit_vit
from training.frame_layout import LOG_MEL
from training.manifests import Utterance
from training.metrics import eer
from training.recipes.log_mel_vit import FIT, VIT
from training.release import rows_of
from training.segment_scores import score_segments
from training.splits import split_inner


def measure_baseline(utterances: Sequence[Utterance], folder: Path, fold: int) -> float:
    """Return the clean EER of utterances held out by an inner fold; makes its own cache."""
    folder = folder / LOG_MEL.front_end
    make_copy(utterances, CLEAN, folder, LOG_MEL)
    split = split_inner(utterances, fold)
    train = rows_of(utterances, [row for row in split.train if not row.is_codec])
    test = rows_of(utterances, [row for row in split.test if not row.is_codec])
    sampler = CropSampler(utterances, train, folder, FIT, LOG_MEL.n_frames)
    net = fit_vit(sampler, VIT, FIT, folder / f"vit_inner{fold}.pt")
    segments, scores = score_segments(
        utterances, test, folder, [("clean", CLEAN.name)], [lambda frames: net(frames)[0]], LOG_MEL
    )
    items = utterance_items(segments.with_score(scores[:, 0].astype(np.float64)))
    return eer(items.score[items.is_bonafide], items.score[~items.is_bonafide])
