"""What the pipeline is compared with, each on one thread: plain decoding, AASIST, librosa's features.

Each function returns the CPU seconds that a second of sound takes.
"""

import subprocess
from pathlib import Path

import imageio_ffmpeg

from bench.cpu_clock import children_cpu_s, own_cpu_s
from pipeline.vocabulary import FloatArray

SAMPLE_RATE = 16_000
AASIST_SAMPLES = 64_600  # what the published net takes at once: 4 s


def decode_alone(path: Path, duration_s: float) -> float:
    """Let ffmpeg decode a file at its own rate, on one thread, and throw the samples away."""
    before = children_cpu_s()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-threads", "1"]
    subprocess.run([*command, "-i", str(path), "-f", "null", "-"], check=True)  # noqa: S603 (our own file)
    return (children_cpu_s() - before) / duration_s


class Aasist:
    """The AASIST architecture in PyTorch; what it weighs does not change its speed."""

    def __init__(self) -> None:
        """Make the net. Imports PyTorch, which takes seconds and 200 MB."""
        import torch

        from training.models.aasist import AASIST
        from training.models.aasist import Aasist as Net

        torch.set_num_threads(1)
        self._inference = torch.inference_mode
        self._make = torch.from_numpy
        self._net = Net(AASIST).eval()

    def cpu_s(self, samples: FloatArray, n_windows: int = 4) -> float:
        """Score the first windows of the samples, one after the other, as its authors do."""
        windows = self._make(samples[: n_windows * AASIST_SAMPLES].copy())
        before = own_cpu_s()
        with self._inference():
            for window in windows.reshape(n_windows, 1, AASIST_SAMPLES, 1):
                self._net(window)
        return (own_cpu_s() - before) * SAMPLE_RATE / (n_windows * AASIST_SAMPLES)


def librosa_features(samples: FloatArray) -> float:
    """Make librosa's log-mel spectrogram (80 bands, 25-ms windows every 10 ms) second by second."""
    import librosa

    n_seconds = len(samples) // SAMPLE_RATE
    before = own_cpu_s()
    for second in samples[: n_seconds * SAMPLE_RATE].reshape(n_seconds, SAMPLE_RATE):
        mel = librosa.feature.melspectrogram(
            y=second, sr=SAMPLE_RATE, n_fft=512, win_length=400, hop_length=160, n_mels=80
        )
        librosa.power_to_db(mel)
    return (own_cpu_s() - before) / n_seconds
