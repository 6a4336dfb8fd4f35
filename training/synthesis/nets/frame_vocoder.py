"""Frame vocoder: mel frames to a spectrum of magnitude and phase, and back to samples by one iSTFT.

After Vocos (Siuzdak 2023): ConvNeXt blocks at the frame rate, nothing is upsampled. Small: about a
million parameters, so that one core trains it in minutes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.synthesis.nets.mel import MelSetting

_HIGHEST_LOG = 5.0  # of a magnitude: keeps an untrained net from overflowing


@dataclass(frozen=True, slots=True)
class FrameVocoderSetting:
    """The net's view of sound and its shape."""

    mel: MelSetting
    n_channels: int = 192
    n_blocks: int = 6


class ConvNextBlock(nn.Module):
    """A depthwise convolution over time and a two-layer net per frame, added to the input."""

    def __init__(self, n_channels: int, n_blocks: int) -> None:
        """Build the layers."""
        super().__init__()
        self.depthwise = nn.Conv1d(n_channels, n_channels, 7, padding=3, groups=n_channels)
        self.norm = nn.LayerNorm(n_channels)
        self.widen = nn.Linear(n_channels, 3 * n_channels)
        self.narrow = nn.Linear(3 * n_channels, n_channels)
        self.scale = nn.Parameter(torch.full((n_channels,), 1.0 / n_blocks))

    def forward(self, hidden: Tensor) -> Tensor:
        """Return (n_items, n_channels, n_frames) of the same shape."""
        step = self.norm(self.depthwise(hidden).transpose(1, 2))
        step = self.scale * self.narrow(nn.functional.gelu(self.widen(step)))
        out: Tensor = hidden + step.transpose(1, 2)
        return out


class Backbone(nn.Module):
    """Frames of any kind to hidden frames."""

    def __init__(self, n_inputs: int, n_channels: int, n_blocks: int) -> None:
        """Build the layers."""
        super().__init__()
        self.entry = nn.Conv1d(n_inputs, n_channels, 7, padding=3)
        self.blocks = nn.Sequential(*(ConvNextBlock(n_channels, n_blocks) for _ in range(n_blocks)))
        self.norm = nn.LayerNorm(n_channels)

    def forward(self, frames: Tensor) -> Tensor:
        """Return (n_items, n_channels, n_frames) of frames (n_items, n_inputs, n_frames)."""
        hidden: Tensor = self.blocks(self.entry(frames))
        normal: Tensor = self.norm(hidden.transpose(1, 2))
        return normal.transpose(1, 2)


class SpectrumHead(nn.Module):
    """Hidden frames to samples: log magnitude and phase of each bin, then the inverse transform."""

    def __init__(self, n_channels: int, n_fft: int, hop_length: int) -> None:
        """Build the layers."""
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.out = nn.Linear(n_channels, 2 * (n_fft // 2 + 1))

    def forward(self, hidden: Tensor) -> Tensor:
        """Return samples (n_items, n_frames * hop_length) of (n_items, n_channels, n_frames)."""
        log_magnitude, phase = self.out(hidden.transpose(1, 2)).transpose(1, 2).chunk(2, dim=1)
        magnitude = torch.exp(torch.clamp(log_magnitude, max=_HIGHEST_LOG))
        spectrum = torch.complex(magnitude * torch.cos(phase), magnitude * torch.sin(phase))
        return inverse_stft(spectrum, self.n_fft, self.hop_length)


class FrameVocoder(nn.Module):
    """Log-mel frames to samples."""

    def __init__(self, setting: FrameVocoderSetting) -> None:
        """Build the layers."""
        super().__init__()
        mel = setting.mel
        self.backbone = Backbone(mel.n_mels, setting.n_channels, setting.n_blocks)
        self.head = SpectrumHead(setting.n_channels, mel.n_fft, mel.hop_length)

    def forward(self, mel: Tensor) -> Tensor:
        """Return samples (n_items, n_frames * hop) of log-mels (n_items, n_mels, n_frames)."""
        return torch.as_tensor(self.head(self.backbone(mel)))


def inverse_stft(spectrum: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Return (n_items, n_frames * hop_length) of (n_items, n_bins, n_frames), edges cut alike."""
    window = torch.hann_window(n_fft, device=spectrum.device)
    n_frames = spectrum.shape[2]
    frames = torch.fft.irfft(spectrum, n=n_fft, dim=1) * window[None, :, None]
    n_samples = (n_frames - 1) * hop_length + n_fft
    shape = {"output_size": (1, n_samples), "kernel_size": (1, n_fft), "stride": (1, hop_length)}
    summed = nn.functional.fold(frames, **shape)[:, 0, 0]
    weight = (window**2)[None, :, None].expand(1, -1, n_frames)
    total = nn.functional.fold(weight, **shape)[:, 0, 0]
    edge = (n_fft - hop_length) // 2
    kept = slice(edge, edge + n_frames * hop_length)
    return summed[:, kept] / torch.clamp(total[:, kept], min=1e-3)
