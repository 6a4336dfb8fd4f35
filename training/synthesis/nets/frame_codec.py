"""Frame codec: a spectrum to a few numbers a frame, quantised in stages, and back.

After SoundStream (Zeghidour and others 2021), with Vocos' frames in place of strided convolutions.
Codebooks learn by moving averages; entries that nobody uses are drawn anew.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.synthesis.nets.frame_vocoder import Backbone, SpectrumHead

_DECAY = 0.97
_LEAST_USE = 0.02  # of a moving count, under which an entry is drawn anew


@dataclass(frozen=True, slots=True)
class FrameCodecSetting:
    """The net's view of sound and its shape."""

    sample_rate: int = 16_000
    n_fft: int = 640
    hop_length: int = 320
    n_channels: int = 160
    n_blocks: int = 4
    n_values: int = 48  # a frame, before quantisation
    n_stages: int = 8
    n_entries: int = 256  # 8 bits a stage, 50 frames a second: 0.4 kbit/s each


class Stage(nn.Module):
    """One codebook."""

    entries: Tensor
    use: Tensor

    def __init__(self, n_entries: int, n_values: int) -> None:
        """Build the layers."""
        super().__init__()
        self.register_buffer("entries", torch.randn(n_entries, n_values) * 0.3)
        self.register_buffer("use", torch.ones(n_entries))

    def forward(self, values: Tensor) -> Tensor:
        """Return the nearest entry of each of (n, n_values); in training the book follows."""
        nearest = torch.cdist(values, self.entries).argmin(dim=1)
        if self.training:
            self._follow(values.detach(), nearest)
        return self.entries[nearest]

    @torch.no_grad()
    def _follow(self, values: Tensor, nearest: Tensor) -> None:
        """Move the entries to the means of what chose them."""
        count = torch.bincount(nearest, minlength=len(self.entries)).to(values.dtype)
        total = torch.zeros_like(self.entries).index_add_(0, nearest, values)
        share = ((1 - _DECAY) * (count > 0).to(values.dtype))[:, None]
        mean = total / count.clamp(min=1.0)[:, None]
        self.entries.add_(share * (mean - self.entries))
        self.use.mul_(_DECAY).add_((1 - _DECAY) * count)
        dead = torch.nonzero(self.use < _LEAST_USE)[:, 0]
        if len(dead):
            drawn = torch.randint(len(values), (len(dead),))
            self.entries[dead] = values[drawn]
            self.use[dead] = 1.0


class FrameCodec(nn.Module):
    """Samples to samples through a narrow, quantised middle."""

    def __init__(self, setting: FrameCodecSetting) -> None:
        """Build the layers."""
        super().__init__()
        self.n_fft, self.hop_length = setting.n_fft, setting.hop_length
        n_inputs = 3 * (setting.n_fft // 2 + 1)
        width, blocks = setting.n_channels, setting.n_blocks
        self.encoder = Backbone(n_inputs, width, blocks)
        self.down = nn.Conv1d(width, setting.n_values, 1)
        self.stages = nn.ModuleList(
            Stage(setting.n_entries, setting.n_values) for _ in range(setting.n_stages)
        )
        self.decoder = Backbone(setting.n_values, width, blocks)
        self.head = SpectrumHead(width, setting.n_fft, setting.hop_length)

    def forward(self, samples: Tensor, n_stages: int) -> tuple[Tensor, Tensor]:
        """Return the samples after so many stages, and how far the middle is from its entries.

        Args:
            samples: (n_items, n_samples), a whole number of hops.
            n_stages: stages used, 1 to all: the rate.
        """
        middle = self.down(self.encoder(self._frames(samples)))  # (n_items, n_values, n_frames)
        flat = middle.transpose(1, 2).reshape(-1, middle.shape[1])
        left, found = flat, torch.zeros_like(flat)
        for stage in list(self.stages)[:n_stages]:
            step = stage(left.detach())
            found, left = found + step, left - step
        distance = ((flat - found.detach()) ** 2).mean()
        passed = flat + (found - flat).detach()  # the gradient goes straight through
        shape = (middle.shape[0], middle.shape[2], middle.shape[1])
        made: Tensor = self.head(self.decoder(passed.reshape(shape).transpose(1, 2)))
        return made, distance

    def _frames(self, samples: Tensor) -> Tensor:
        """Return log magnitude and the phase's direction, (n_items, 3 * n_bins, n_frames)."""
        edge = (self.n_fft - self.hop_length) // 2
        padded = nn.functional.pad(samples[:, None], (edge, edge), mode="reflect")[:, 0]
        window = torch.hann_window(self.n_fft, device=samples.device)
        spectrum = torch.stft(
            padded, self.n_fft, self.hop_length, window=window, center=False, return_complex=True
        )
        magnitude = spectrum.abs().clamp(min=1e-5)
        direction = spectrum / magnitude
        return torch.cat([torch.log(magnitude), direction.real, direction.imag], dim=1)
