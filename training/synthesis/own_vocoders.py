"""Own vocoders: copies by the nets that this project trained, at checkpoints drawn for each copy.

Half of the copies come from the newest checkpoint, half from any after the first fifth: a
half-trained net leaves other traces. `vc_like` first does to the mels what acoustic models do.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor

from training.synthesis.engines import SAMPLE_RATE, Copy, NotInstalledError, Signal
from training.synthesis.nets.mel import log_mel
from training.synthesis.nets.mel_changes import change_mel
from training.synthesis.nets.own import OWN_NETS, MelNet, OwnNet

_NEWEST_SHARE = 0.5
_FIRST_SHARE = 0.2  # of the steps: earlier checkpoints are noise
_PEAK = 0.6  # the level that nets were trained at


def loader(name: str) -> Callable[[Path], Copy]:
    """Return what loads the copy by an own net."""
    return partial(_load, name)


def chain_loader(*names: str) -> Callable[[Path], Copy]:
    """Return what loads the VC-like chain: changed mels, then one of these nets that are there."""
    return partial(_load_chain, names)


def checkpoints_of(folder: Path, name: str) -> tuple[Path, ...]:
    """Return a net's checkpoints after the first fifth of its steps, oldest first.

    Raises:
        NotInstalledError: there is none.
    """
    found = sorted((folder / name).glob("[0-9]*.pt"))
    if not found:
        raise NotInstalledError(
            f"{name} has no checkpoint in {folder.name}: python -m training fit-vocoder {name}"
        )
    least = _FIRST_SHARE * int(found[-1].stem)
    return tuple(path for path in found if int(path.stem) >= least)


def _load(name: str, folder: Path) -> Copy:
    """Return the copy by an own net of drawn age."""
    nets = [_read(name, path) for path in checkpoints_of(folder, name)]

    def copy(samples: Signal, random: np.random.Generator) -> Signal:
        net = _draw(nets, random)
        torch.manual_seed(int(random.integers(2**31)))  # noise of source-filter nets
        return _through(net, samples, lambda high: net.copy(high, random)[0])

    return copy


def _load_chain(names: tuple[str, ...], folder: Path) -> Copy:
    """Return the VC-like copy by the nets that have checkpoints."""
    nets: list[OwnNet] = []
    for name in names:
        if any((folder / name).glob("[0-9]*.pt")):
            nets.append(_read(name, checkpoints_of(folder, name)[-1]))
    usable = [net for net in nets if isinstance(net, MelNet)]
    if not usable:
        raise NotInstalledError(f"no checkpoint of {', '.join(names)}: train one of them first")

    def copy(samples: Signal, random: np.random.Generator) -> Signal:
        net = usable[int(random.integers(len(usable)))]

        def convert(high: Tensor) -> Tensor:
            mel = log_mel(high, net.setting)[0].numpy().astype(np.float64)
            changed = change_mel(mel, random).astype(np.float32)
            return net.vocode(torch.from_numpy(changed)[None])

        return _through(net, samples, convert)

    return copy


def _through(net: OwnNet, samples: Signal, make: Callable[[Tensor], Tensor]) -> Signal:
    """Return what is made of the samples at the net's rate, in whole hops, back at 16 kHz."""
    level = _PEAK / (np.abs(samples).max() + 1e-9)
    high = soxr.resample(samples * level, SAMPLE_RATE, net.sample_rate).astype(np.float32)
    hop = net.hop_length
    high = np.pad(high, (0, -len(high) % hop))
    with torch.inference_mode():
        made = make(torch.from_numpy(high)[None])[0].numpy().astype(np.float64)
    return np.asarray(soxr.resample(made / level, net.sample_rate, SAMPLE_RATE))


def _read(name: str, path: Path) -> OwnNet:
    """Return an own net with a checkpoint's parameters."""
    net = OWN_NETS[name]()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["net"])
    return net.eval()


def _draw(nets: list[OwnNet], random: np.random.Generator) -> OwnNet:
    """Return the newest net in half of the draws, any other time any of them."""
    if random.random() < _NEWEST_SHARE:
        return nets[-1]
    return nets[int(random.integers(len(nets)))]
