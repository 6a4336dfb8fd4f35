"""The mask autoencoder: which part of each time-frequency cell is voice, and is there voice at all.

A convolutional encoder narrows the frequency axis 32 times, dilated convolutions listen 1.25 s
to either side, a decoder with skip connections gives back a soft mask over all bins; a
second head gives the voice activity of each frame. Encoder, decoder and skips after U-Net (Jansson
et al., ISMIR 2017), the dilated middle after Conv-TasNet (Luo and Mesgarani, 2019, section II.D).
Since `vocal_mask_v2` only its voice activity is shipped: `separator_net` puts another mask beside it.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class VocalMaskConfig:
    """The shape of the net; the numbers that the card repeats must agree with it."""

    n_fft: int = 512  # 32 ms at 16 kHz: resolves the harmonics of all but the lowest voices
    first_stride: int = 4  # bins: what the first layer narrows by; costs most, so does it at once
    channels: tuple[int, ...] = (
        24,
        32,
        48,
        64,
    )  # of each encoder; all but the first halve the bins
    hidden: int = 128  # width of the middle
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 1, 2, 4, 8)  # frames
    level_floor: float = 1e-4  # -80 dBFS: below this a window is not brought to full level
    log_floor: float = 1e-3  # of the window's level: what lies 60 dB under it looks like silence
    silence_level: float = 1e-5  # -100 dBFS: a frame under this is silence, whatever the net says


class VocalMask(nn.Module):
    """Magnitudes to mask and voice activity; graph contract v1 of a separator."""

    def __init__(self, config: VocalMaskConfig) -> None:
        """Make an untrained net."""
        super().__init__()
        self.config = config
        channels, stride = config.channels, config.first_stride
        first = nn.Conv2d(
            1, channels[0], (3, 2 * stride), (1, stride), (1, stride // 2), bias=False
        )
        self.encoders = nn.ModuleList([_normed(first, channels[0])])
        self.decoders = nn.ModuleList()
        for n_wide, n_narrow in pairwise(channels):
            down = nn.Conv2d(n_wide, n_narrow, (1, 4), (1, 2), (0, 1), bias=False)
            up = nn.ConvTranspose2d(n_narrow, n_wide, (1, 4), (1, 2), (0, 1), bias=False)
            self.encoders.append(_normed(down, n_narrow))
            self.decoders.insert(0, _normed(up, n_wide))
        self.to_mask = nn.ConvTranspose2d(
            channels[0], 1, (1, 2 * stride), (1, stride), (0, stride // 2)
        )
        self.n_bottom_bins = config.n_fft // 2 // stride // 2 ** (len(channels) - 1)
        n_bottom = channels[-1] * self.n_bottom_bins
        self.enter = nn.Conv1d(n_bottom, config.hidden, 1)
        self.middle = nn.ModuleList(_Dilated(config.hidden, gap) for gap in config.dilations)
        self.leave = nn.Conv1d(config.hidden, n_bottom, 1)
        self.to_activity = nn.Conv1d(config.hidden, 1, 1)

    @property
    def n_fft(self) -> int:
        """Return how many samples a frame of the STFT hears."""
        return self.config.n_fft

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """Return mask (n, n_frames, n_bins) and voice activity (n, n_frames), both in [0, 1]."""
        mask_logit, activity_logit = self.logits(magnitude)
        return torch.sigmoid(mask_logit), self._silenced(activity_logit, magnitude)

    def activity(self, magnitude: Tensor) -> Tensor:
        """Return the voice activity alone, at half the cost."""
        return self._silenced(self.to_activity(self._middle(magnitude)[0])[:, 0], magnitude)

    def logits(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """Return the same before the sigmoid, (n, n_frames, n_bins) and (n, n_frames)."""
        h, skips = self._middle(magnitude)
        n_channels = skips[-1].shape[1]
        activity = self.to_activity(h)[:, 0]  # (n, n_frames)
        x = self.leave(h).unflatten(1, (n_channels, self.n_bottom_bins)).transpose(2, 3)
        for decoder in self.decoders:
            x = decoder(torch.relu(x + skips.pop()))
        mask = self.to_mask(torch.relu(x + skips.pop()))[:, 0]  # (n, n_frames, n_fft / 2)
        mask = torch.cat([mask, mask[:, :, -1:]], dim=2)  # the last bin follows its neighbour
        return mask, activity

    def _middle(self, magnitude: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return what the middle hears, (n, hidden, n_frames), and what each encoder heard."""
        x = self._compress(magnitude)[:, None, :, :-1]  # (n, 1, n_frames, n_fft / 2)
        skips = []
        for encoder in self.encoders:
            x = encoder(x)  # (n, channels[i], n_frames, n_fft / 2 / first_stride / 2 ** i)
            skips.append(x)
        h = self.enter(x.transpose(2, 3).flatten(1, 2))  # (n, hidden, n_frames)
        for layer in self.middle:
            h = layer(h)
        return h, skips

    def _silenced(self, activity_logit: Tensor, magnitude: Tensor) -> Tensor:
        """Return the activity, 0 where a frame is digital silence or next to it."""
        power = magnitude.square().mean(dim=2) / (self.config.n_fft / 2)  # (n, n_frames)
        is_sound = (power > self.config.silence_level**2).to(magnitude.dtype)
        return torch.sigmoid(activity_logit) * is_sound

    def _compress(self, magnitude: Tensor) -> Tensor:
        """Return the log magnitude over the window's level, so that loudness says nothing."""
        # Parseval with the square-root Hann window: white noise of level s has mean power s^2 n/2
        scale = (self.config.n_fft / 2) ** 0.5
        level = magnitude.square().mean(dim=(1, 2), keepdim=True).sqrt() / scale
        relative = magnitude / (scale * level.clamp(min=self.config.level_floor))
        return torch.log(relative + self.config.log_floor) / 3.0 + 1.0  # about -1.3 to 2


class _Dilated(nn.Module):
    """One layer of the middle: hears `gap` frames to either side, adds to what it was given."""

    def __init__(self, hidden: int, gap: int) -> None:
        super().__init__()
        self.across_time = nn.Conv1d(hidden, hidden, 3, dilation=gap, padding=gap, groups=hidden)
        self.across_channels = nn.Conv1d(hidden, hidden, 1, bias=False)
        self.norm = nn.BatchNorm1d(hidden)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + torch.relu(self.norm(self.across_channels(self.across_time(x))))
        return out


def _normed(layer: nn.Module, n_channels: int) -> nn.Sequential:
    return nn.Sequential(layer, nn.BatchNorm2d(n_channels), nn.ReLU())
