"""The net that parts a voice from much else: grouped convolutions and recurrence along two paths.

After GTCRN (Rong et al., "GTCRN: a speech enhancement model requiring ultralow computational
resources", ICASSP 2024): 257 bins become 129 bands, two strided convolutions 33; blocks of which
half the channels pass a causal dilated convolution and an attention over time, then recurrence along
the bands and along time, and the way back. Written anew here for whole windows and for speed, the
answer being the same: normalisation is folded into the convolutions, neighbouring bands are heard by
a wider kernel, and two recurrent layers beside each other are one with weights of 0 between them.
`published_mask` takes over the weights that its author published (MIT).
The published net answers with a complex ratio; only its size is used, so that the voice keeps the
recording's phase (SCIENCE.md section 6): measured, that costs nothing.
"""

import torch
from torch import Tensor, nn

N_BINS = 257
N_LOW = 65  # bins that stay as they are
N_HIGH = 64  # bands that the others are gathered into
CHANNELS = 16
WIDTH = 33  # bands after the two strides
GAPS = (1, 2, 5)  # frames, of the dilated convolutions
N_BENDS = 3 + 4 * len(GAPS)
MASK_FLOOR = 1e-12  # keeps the root's slope finite


class DualPathMask(nn.Module):
    """A spectrum at a stated level to a soft mask."""

    n_fft = 512  # samples a frame of the STFT hears

    def __init__(self, slopes: tuple[float, ...] = (0.01,) * N_BENDS) -> None:
        """Make an untrained net.

        Args:
            slopes: of its N_BENDS bends below 0, in the order in which the sound meets them.
        """
        super().__init__()
        first, last = slopes[:2], slopes[-1]
        within = list(zip(slopes[2:-1:2], slopes[3:-1:2], strict=True))
        self.gather = nn.Linear(N_BINS - N_LOW, N_HIGH, bias=False)
        self.spread = nn.Linear(N_HIGH, N_BINS - N_LOW, bias=False)
        self.gather.weight.requires_grad_(False)
        self.spread.weight.requires_grad_(False)
        self.narrow = nn.ModuleList(
            [
                nn.Conv2d(9, CHANNELS, (1, 5), (1, 2), (0, 2)),
                nn.Conv2d(CHANNELS, CHANNELS, (1, 5), (1, 2), (0, 2), groups=2),
            ]
        )
        self.widen = nn.ModuleList(
            [
                nn.ConvTranspose2d(CHANNELS, CHANNELS, (1, 5), (1, 2), (0, 2), groups=2),
                nn.ConvTranspose2d(CHANNELS, 2, (1, 5), (1, 2), (0, 2)),
            ]
        )
        self.bends = nn.ModuleList(nn.LeakyReLU(slope) for slope in (*first, last))
        n_before = len(GAPS)
        self.before = nn.ModuleList(map(_HalfBlock, GAPS, within[:n_before]))
        self.paths = nn.ModuleList(_TwoPaths() for _ in range(2))
        self.after = nn.ModuleList(map(_HalfBlock, reversed(GAPS), within[n_before:]))

    def forward(self, spectrum: Tensor) -> Tensor:
        """Return the mask (n, n_frames, 257), from 0 on, of spectra (n, n_frames, 257, 2)."""
        real, imaginary = spectrum.unbind(dim=3)
        size = (real.square() + imaginary.square() + MASK_FLOOR).sqrt()
        x = torch.stack([size, real, imaginary], dim=1)  # (n, 3, n_frames, 257)
        x = torch.cat([x[..., :N_LOW], self.gather(x[..., N_LOW:])], dim=3)  # 129 bands
        padded = nn.functional.pad(x, (1, 1))  # each band beside the one below and above
        x = torch.stack([padded[..., :-2], x, padded[..., 2:]], dim=2).flatten(1, 2)
        skips = []
        for layer, bend in zip(self.narrow, self.bends, strict=False):
            x = bend(layer(x))
            skips.append(x)
        for block in self.before:
            x = block(x)
            skips.append(x)  # (n, 16, n_frames, 33)
        for path in self.paths:
            x = path(x)
        for block in self.after:
            x = block(x + skips.pop())
        x = self.bends[2](self.widen[0](x + skips.pop()))
        x = torch.tanh(self.widen[1](x + skips.pop()))  # (n, 2, n_frames, 129)
        ratio = torch.cat([x[..., :N_LOW], self.spread(x[..., N_LOW:])], dim=3)
        return (ratio.square().sum(dim=1) + MASK_FLOOR).sqrt()


class _HalfBlock(nn.Module):
    """Half of the channels go through convolutions and an attention; the halves are shuffled."""

    def __init__(self, gap: int, slopes: tuple[float, float]) -> None:
        super().__init__()
        half = CHANNELS // 2
        self.gap = gap
        self.enter = nn.Conv2d(half, 2 * half, (1, 3), padding=(0, 1))
        self.across_time = nn.Conv2d(
            2 * half, 2 * half, 3, padding=(0, 1), dilation=(gap, 1), groups=2 * half
        )
        self.leave = nn.Conv2d(2 * half, half, 1)
        self.bends = nn.ModuleList(nn.LeakyReLU(slope) for slope in slopes)
        self.recall = nn.GRU(half, 2 * half, batch_first=True)
        self.attend = nn.Linear(2 * half, half)

    def forward(self, x: Tensor) -> Tensor:
        worked, kept = x.chunk(2, dim=1)
        h = self.bends[0](self.enter(worked))
        h = nn.functional.pad(h, (0, 0, 2 * self.gap, 0))  # frames before: it hears no later ones
        h = self.leave(self.bends[1](self.across_time(h)))  # (n, half, n_frames, n_bands)
        energy = h.square().mean(dim=3).transpose(1, 2)  # (n, n_frames, half)
        share = torch.sigmoid(self.attend(self.recall(energy)[0])).transpose(1, 2)
        return torch.stack([h * share[..., None], kept], dim=2).flatten(1, 2)


class _TwoPaths(nn.Module):
    """Recurrence along the bands of each frame, then along the frames of each band."""

    def __init__(self) -> None:
        super().__init__()
        half = CHANNELS // 2
        self.across_bands = nn.GRU(CHANNELS, half, batch_first=True, bidirectional=True)
        self.across_time = nn.GRU(CHANNELS, CHANNELS, batch_first=True)
        self.mixes = nn.ModuleList(nn.Linear(CHANNELS, CHANNELS) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm((WIDTH, CHANNELS), eps=1e-8) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        n, _, n_frames, _ = x.shape
        x = x.permute(0, 2, 3, 1)  # (n, n_frames, 33, 16)
        h = self.across_bands(x.flatten(0, 1))[0]
        h = self.mixes[0](h.flatten(0, 1))  # of two axes: the bias then costs no pass of its own
        x = x + self.norms[0](h.view(n, n_frames, WIDTH, CHANNELS))
        h = self.across_time(x.transpose(1, 2).flatten(0, 1))[0]
        h = self.mixes[1](h.flatten(0, 1)).view(n, WIDTH, n_frames, CHANNELS).transpose(1, 2)
        x = x + self.norms[1](h)
        return x.permute(0, 3, 1, 2)
