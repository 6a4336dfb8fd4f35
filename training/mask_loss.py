"""What the mask net's answer to a mixture is worth: its voice activity and its mask.

The mask is judged by compressed magnitudes (what is heard) and by the distortion that is left in
the sound (Le Roux et al. 2019), over the voice where there is one and over the sound where not.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline.overlap_add import frame_window
from training.recipes.vocal_mask import HOP_LENGTH, VocalMaskRecipe


@dataclass(frozen=True, slots=True)
class Losses:
    """The parts of the loss, each a scalar."""

    activity: Tensor  # cross-entropy of the frames
    spectrum: Tensor  # compressed magnitudes, squared difference
    distortion_db: Tensor  # what is wrong in the masked sound, over the voice (or over the sound)

    def total(self, distortion_weight: float) -> Tensor:
        """Return the sum that is minimised; the weights bring the parts to one size."""
        return self.activity + 4.0 * self.spectrum + distortion_weight * self.distortion_db


def distortion_weight(progress: float) -> float:
    """Return how much the mask counts after this share of the run: first hear, then separate.

    A net that does not yet know what a voice is learns to let all through, if pressed early.
    """
    return 0.04 + 0.11 * max(0.0, progress - 0.4) / 0.6


def losses_of(
    net: nn.Module, recorded: Tensor, voice: Tensor, is_voiced: Tensor, recipe: VocalMaskRecipe
) -> Losses:
    """Return what is wrong with the net's answer to some mixtures.

    Args:
        net: magnitudes to the logits of mask and activity.
        recorded: (n, n_samples).
        voice: (n, n_samples), the voice in it.
        is_voiced: (n, n_frames), 1 where a voice is.
        recipe: says how the sound is framed, and the precision.
    """
    n_fft = recipe.net.n_fft
    heard, wanted = spectrum_of(recorded, n_fft), spectrum_of(voice, n_fft)
    magnitude = heard.abs()
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
        mask_logit, activity_logit = (logit.float() for logit in net(magnitude))
    level = magnitude.square().mean(dim=(1, 2), keepdim=True).sqrt().clamp(min=1e-6)
    heard, wanted, magnitude = heard / level, wanted / level, magnitude / level
    mask = torch.sigmoid(mask_logit)
    compressed = (mask * magnitude + 1e-3).sqrt() - (wanted.abs() + 1e-3).sqrt()
    heard_power, voice_power = _power(heard).sum(dim=(1, 2)), _power(wanted).sum(dim=(1, 2))
    # |mask heard - wanted|^2, written out: gradients of complex numbers cost three times as much
    common = heard.real * wanted.real + heard.imag * wanted.imag
    wrong = (mask.square() * _power(heard) - 2 * mask * common).sum(dim=(1, 2)) + voice_power
    wrong = wrong.clamp(min=0.0)
    # without a voice all that is left is wrong; better than 25 dB is good enough: where the voice
    # is alone there is nothing to learn
    has_voice = voice_power > 1e-6 * heard_power
    reference = torch.where(has_voice, voice_power, heard_power)
    distortion_db = 10 * torch.log10(wrong / (reference + 1e-9) + 3e-3)
    return Losses(
        activity=nn.functional.binary_cross_entropy_with_logits(activity_logit, is_voiced),
        spectrum=compressed.square().mean(),
        distortion_db=distortion_db.mean(),
    )


def spectrum_of(samples: Tensor, n_fft: int) -> Tensor:
    """Return the STFT of `pipeline.separate`, complex64 (n, n_frames, n_bins)."""
    window = torch.from_numpy(frame_window(n_fft).copy())
    spectrum: Tensor = torch.fft.rfft(samples.unfold(1, n_fft, HOP_LENGTH) * window)
    return spectrum


def _power(spectrum: Tensor) -> Tensor:
    return spectrum.real.square() + spectrum.imag.square()
