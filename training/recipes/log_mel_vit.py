"""Recipe `log_mel_vit`: the plain log-mel ViT, a baseline that the shipped detector must beat.

Same ViT and sampling as `phase_fusion`, 700 steps, on the clean copy alone. Run it with
`python -m training baseline`: 39.6 % on inner fold 0, where the phase ViT has 27.6 %.
"""

from dataclasses import replace

from training.frame_layout import LOG_MEL
from training.models.vit import VitConfig
from training.recipes.phase_fusion import RECIPE

VIT = VitConfig(n_frames=LOG_MEL.n_frames, n_values=80, width=128, mlp_width=256)
FIT = replace(RECIPE.fit, copies=(("clean", 1.0, 1.0),), layout=LOG_MEL)
