"""Source filter: harmonics and noise through filters that a small net reads off the mel frames.

After DDSP (Engel, Hantrakul, Gu and Roberts 2020) and the neural source-filter vocoders (Wang,
Takaki and Yamagishi 2019): the excitation is made, not learnt, so it sounds after a few hundred
steps. Pitch is an input.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.synthesis.nets.frame_vocoder import Backbone, inverse_stft
from training.synthesis.nets.mel import MelSetting

_N_HARMONICS_LEVEL = 0.1


@dataclass(frozen=True, slots=True)
class SourceFilterSetting:
    """The net's view of sound and its shape."""

    mel: MelSetting
    n_channels: int = 128
    n_blocks: int = 4


class SourceFilter(nn.Module):
    """Log-mel frames and pitch to samples."""

    def __init__(self, setting: SourceFilterSetting) -> None:
        """Build the layers."""
        super().__init__()
        self.mel = setting.mel
        n_bins = setting.mel.n_fft // 2 + 1
        self.backbone = Backbone(setting.mel.n_mels + 1, setting.n_channels, setting.n_blocks)
        self.out = nn.Linear(setting.n_channels, 3 * n_bins)

    def forward(self, mel: Tensor, pitch_hz: Tensor) -> Tensor:
        """Return samples (n_items, n_frames * hop).

        Args:
            mel: (n_items, n_mels, n_frames).
            pitch_hz: (n_items, n_frames), 0 where unvoiced.
        """
        is_voiced = (pitch_hz > 0).to(mel.dtype)
        hidden = self.backbone(torch.cat([mel, is_voiced[:, None]], dim=1))
        filters = self.out(hidden.transpose(1, 2)).transpose(1, 2)
        voiced, noisy, turn = filters.chunk(3, dim=1)  # log gains, and a phase for the harmonics
        pulses = self._pulses(pitch_hz)
        noise = torch.randn_like(pulses) * _N_HARMONICS_LEVEL
        harmonic = self._spectrum(pulses) * torch.polar(torch.exp(voiced.clamp(max=5.0)), turn)
        aperiodic = self._spectrum(noise) * torch.exp(noisy.clamp(max=5.0))
        return inverse_stft(harmonic + aperiodic, self.mel.n_fft, self.mel.hop_length)

    def _pulses(self, pitch_hz: Tensor) -> Tensor:
        """Return a band-limited pulse train with the pitch, (n_items, n_samples)."""
        hop, rate = self.mel.hop_length, self.mel.sample_rate
        steady = pitch_hz.repeat_interleave(hop, dim=1).double()
        turns = torch.cumsum(steady / rate, dim=1)
        angle = 2 * torch.pi * torch.remainder(turns, 1.0)
        count = torch.floor(0.5 * rate / torch.clamp(steady, min=50.0))
        half = angle / 2  # Dirichlet kernel: the sum of `count` cosines in closed form
        safe = torch.where(
            torch.sin(half).abs() < 1e-4, torch.full_like(half, 1e-4), torch.sin(half)
        )
        kernel = torch.sin((count + 0.5) * angle) / (2 * safe) - 0.5
        kernel = torch.where(torch.sin(half).abs() < 1e-4, count, kernel)
        made = kernel / torch.sqrt(count.clamp(min=1.0)) * (steady > 0)
        return (_N_HARMONICS_LEVEL * made).float()

    def _spectrum(self, samples: Tensor) -> Tensor:
        """Return (n_items, n_bins, n_frames) of samples (n_items, n_frames * hop)."""
        n_fft, hop = self.mel.n_fft, self.mel.hop_length
        edge = (n_fft - hop) // 2
        padded = nn.functional.pad(samples[:, None], (edge, n_fft - hop - edge))[:, 0]
        window = torch.hann_window(n_fft, device=samples.device)
        return torch.stft(padded, n_fft, hop, window=window, center=False, return_complex=True)
