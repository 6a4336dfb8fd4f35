"""Critics: small discriminators over spectra and over periods of the waveform, with hinge losses.

After HiFi-GAN's period critics (Kong, Kim and Bae 2020) and the spectrum critics of UnivNet (Jang
and others 2021), a tenth as wide.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.synthesis.nets.mel import magnitudes

_SLOPE = 0.1
_SPECTRA = ((512, 128), (1024, 256))
_PERIODS = (3, 7)


class _SpectrumCritic(nn.Module):
    """Looks at one resolution of the spectrum."""

    def __init__(self, n_fft: int, hop_length: int) -> None:
        """Build the layers."""
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        widths = (1, 16, 24, 32, 32)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, (7, 3), stride=(3, 1), padding=(3, 1))
            for a, b in itertools.pairwise(widths)
        )
        self.last = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, samples: Tensor) -> list[Tensor]:
        """Return what each layer saw; the last is the judgement."""
        hidden = torch.log(magnitudes(samples, self.n_fft, self.hop_length) + 1e-4)[:, None]
        return _walk(hidden, self.layers, self.last)


class _PeriodCritic(nn.Module):
    """Looks at every so-many-th sample."""

    def __init__(self, period: int) -> None:
        """Build the layers."""
        super().__init__()
        self.period = period
        widths = (1, 16, 32, 48, 64)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, (5, 1), stride=(3, 1), padding=(2, 0))
            for a, b in itertools.pairwise(widths)
        )
        self.last = nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, samples: Tensor) -> list[Tensor]:
        """Return what each layer saw; the last is the judgement."""
        n_rows = samples.shape[1] // self.period
        hidden = samples[:, : n_rows * self.period].reshape(len(samples), 1, n_rows, self.period)
        return _walk(hidden, self.layers, self.last)


class Critics(nn.Module):
    """All critics together."""

    def __init__(self) -> None:
        """Build the layers."""
        super().__init__()
        spectra = [_SpectrumCritic(*setting) for setting in _SPECTRA]
        self.critics = nn.ModuleList([*spectra, *(_PeriodCritic(period) for period in _PERIODS)])

    def forward(self, samples: Tensor) -> list[list[Tensor]]:
        """Return each critic's layers for samples (n_items, n_samples)."""
        return [critic(samples) for critic in self.critics]


def critic_loss(genuine: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """Return the hinge loss of the critics."""
    losses = [
        functional.relu(1 - real[-1]).mean() + functional.relu(1 + false[-1]).mean()
        for real, false in zip(genuine, made, strict=True)
    ]
    return torch.stack(losses).mean()


def maker_loss(genuine: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """Return the maker's loss: to be judged genuine, and to look genuine to every layer."""
    judged = [-false[-1].mean() for false in made]
    looks = [
        (a.detach() - b).abs().mean() / a.detach().abs().mean()
        for real, false in zip(genuine, made, strict=True)
        for a, b in zip(real[:-1], false[:-1], strict=True)
    ]
    return torch.stack(judged).mean() + 2.0 * torch.stack(looks).mean()


def _walk(hidden: Tensor, layers: nn.ModuleList, last: nn.Module) -> list[Tensor]:
    """Return the output of each layer and of the last."""
    seen = []
    for layer in layers:
        hidden = functional.leaky_relu(layer(hidden), _SLOPE)
        seen.append(hidden)
    return [*seen, last(hidden)]
