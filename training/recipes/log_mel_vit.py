"""Recipe `log_mel_vit`: the plain log-mel ViT, a baseline that the shipped detector must beat.

Same ViT and sampling as `phase_fusion`, 700 steps, on the clean copy alone, inner fold 0. (The
phase ViT had 27.6 % after its first 700 steps there, this one 39.6 %.)
Run it with `python -m training baseline --corpus PATH --folder PATH`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.calibration import utterance_items
from training.feature_cache import CLEAN, make_copy
from training.fit import CropSampler, fit_vit
from training.frame_layout import LOG_MEL
from training.manifests import Utterance
from training.metrics import eer
from training.models.vit import VitConfig
from training.recipes.phase_fusion import RECIPE
from training.release import rows_of
from training.segment_scores import score_segments
from training.splits import split_inner

VIT = VitConfig(n_frames=LOG_MEL.n_frames, n_values=80, width=128, mlp_width=256)
FIT = replace(RECIPE.fit, n_steps=700, restarts=(), copies=(("clean", 1.0, 1.0),), layout=LOG_MEL)


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
    items = utterance_items(segments.with_score(scores[:, 0].astype("float64")))
    return eer(items.score[items.is_bonafide], items.score[~items.is_bonafide])
