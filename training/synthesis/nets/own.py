"""Own vocoders: the nets that this project trains, by name, and how each copies sound.

Every net sees sound in its own way (rate, n_fft, hop, bands), so that their traces differ.
"""

import warnings
from abc import ABC, abstractmethod
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor, nn

from training.synthesis.nets.frame_codec import FrameCodec, FrameCodecSetting
from training.synthesis.nets.frame_vocoder import FrameVocoder, FrameVocoderSetting
from training.synthesis.nets.mel import MelSetting, log_mel
from training.synthesis.nets.source_filter import SourceFilter, SourceFilterSetting
from training.synthesis.nets.upsampler import SMALL, Upsampler


class OwnNet(nn.Module, ABC):
    """A net that copies samples at its own rate."""

    sample_rate: int
    hop_length: int

    @abstractmethod
    def copy(self, samples: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return the copy of samples (n_items, n_samples), whole hops, and a loss of its own."""


class MelNet(OwnNet):
    """A net that is given log-mels only."""

    def __init__(self, net: nn.Module, setting: MelSetting) -> None:
        """Build the layers."""
        super().__init__()
        self.net, self.setting = net, setting
        self.sample_rate, self.hop_length = setting.sample_rate, setting.hop_length

    def copy(self, samples: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return the vocoded samples; there is no other loss."""
        return self.vocode(log_mel(samples, self.setting)), samples.new_zeros(())

    def vocode(self, mel: Tensor) -> Tensor:
        """Return samples of log-mels (n_items, n_mels, n_frames)."""
        made: Tensor = self.net(mel)
        return made


class PitchedNet(OwnNet):
    """A net that is given log-mels and the pitch."""

    def __init__(self, net: SourceFilter, setting: MelSetting) -> None:
        """Build the layers."""
        super().__init__()
        self.net, self.setting = net, setting
        self.sample_rate, self.hop_length = setting.sample_rate, setting.hop_length

    def copy(self, samples: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return the vocoded samples; there is no other loss."""
        mel = log_mel(samples, self.setting)
        pitch = np.stack([self._pitch_hz(row, mel.shape[2]) for row in samples.numpy()])
        return self.net(mel, torch.from_numpy(pitch)), samples.new_zeros(())

    def _pitch_hz(self, samples: np.ndarray, n_frames: int) -> np.ndarray:
        """Return the pitch at each frame, 0 where unvoiced."""
        with warnings.catch_warnings():  # pyworld warns of its own import of pkg_resources
            warnings.simplefilter("ignore")
            import pyworld
        steady = samples.astype(np.float64)
        period_ms = 1000 * self.hop_length / self.sample_rate
        pitch, _ = pyworld.dio(steady, self.sample_rate, frame_period=period_ms)
        pitch = np.pad(pitch, (0, max(0, n_frames - len(pitch))))[:n_frames]
        return np.asarray(pitch, dtype=np.float32)


class CodecNet(OwnNet):
    """A codec, at a rate that is drawn."""

    def __init__(self, net: FrameCodec, setting: FrameCodecSetting) -> None:
        """Build the layers."""
        super().__init__()
        self.net, self.n_stages = net, setting.n_stages
        self.sample_rate, self.hop_length = setting.sample_rate, setting.hop_length

    def copy(self, samples: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return the decoded samples, and the distance to the codebooks."""
        n_stages = int(random.integers(2, self.n_stages + 1))
        made: tuple[Tensor, Tensor] = self.net(samples, n_stages)
        return made


def _vocos(mel: MelSetting) -> OwnNet:
    return MelNet(FrameVocoder(FrameVocoderSetting(mel)), mel)


def _make_vocos() -> OwnNet:
    return _vocos(MelSetting(sample_rate=24_000, n_fft=1024, hop_length=256, n_mels=80))


def _make_vocos_fine() -> OwnNet:
    return _vocos(MelSetting(sample_rate=16_000, n_fft=512, hop_length=128, n_mels=100))


def _make_upsampler() -> OwnNet:
    mel = MelSetting(sample_rate=22_050, n_fft=1024, hop_length=256)
    return MelNet(Upsampler(SMALL), mel)


def _make_source_filter() -> OwnNet:
    mel = MelSetting(sample_rate=16_000, n_fft=800, hop_length=200, high_hz=7600.0)
    return PitchedNet(SourceFilter(SourceFilterSetting(mel)), mel)


def _make_codec() -> OwnNet:
    setting = FrameCodecSetting()
    return CodecNet(FrameCodec(setting), setting)


OWN_NETS = MappingProxyType(
    {
        "own-vocos": _make_vocos,
        "own-vocos-fine": _make_vocos_fine,
        "own-upsampler": _make_upsampler,
        "own-sourcefilter": _make_source_filter,
        "own-codec": _make_codec,
    }
)
