"""The shipped separator: one net says where a voice is, another parts it from much else.

They are kept apart because they were learnt apart: `VocalMask` hears a voice at any level and takes
neither music nor tones for one; `DualPathMask` takes away more than it could.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.models.dual_path_mask import DualPathMask
from training.models.vocal_mask import VocalMask


@dataclass(frozen=True, slots=True)
class PartingConfig:
    """How the second net is listened to."""

    level: float = 0.05  # RMS that a window is brought to: ordinary speech, as its author had it
    level_floor: float = 1e-4  # -80 dBFS: below this a window is not brought to full level
    # of the mask before it is cut off at 1: on training pools it halves what clean speech loses
    # (0.31 to 0.16 dB of its energy) and costs nothing under music
    gain: float = 1.2


class SeparatorNet(nn.Module):
    """Spectra to mask and voice activity; graph contract v1 of a separator."""

    def __init__(self, hearing: VocalMask, parting: DualPathMask, config: PartingConfig) -> None:
        """Join two trained nets.

        Raises:
            ValueError: they do not hear the same STFT.
        """
        super().__init__()
        if hearing.config.n_fft != parting.n_fft:
            raise ValueError(f"one net hears {hearing.config.n_fft} samples, one {parting.n_fft}")
        self.hearing, self.parting, self.config = hearing, parting, config

    @property
    def n_fft(self) -> int:
        """Return how many samples a frame of the STFT hears."""
        return self.parting.n_fft

    def forward(self, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Return mask (n, n_frames, n_bins) and voice activity (n, n_frames), both in [0, 1].

        Args:
            spectrum: float32 (n, n_frames, n_bins, 2), real and imaginary parts.
        """
        power = spectrum.square().sum(dim=3)
        activity = self.hearing.activity(power.sqrt())
        # Parseval with the square-root Hann window, as in `VocalMask`
        level = (power.mean(dim=(1, 2)) / (self.n_fft / 2)).sqrt()
        scale = self.config.level / level.clamp(min=self.config.level_floor)
        mask = self.parting(spectrum * scale[:, None, None, None])
        return torch.clamp(self.config.gain * mask, max=1.0), activity
