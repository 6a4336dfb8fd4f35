"""Blocks of the recording to the same blocks beside the voice that a mask net leaves of them.

The net gives a mask between 0 and 1; the voice keeps the recording's phase. It also says, frame by
frame, how likely there is a voice. Which window a sample falls into is fixed by its place on the time axis
alone (windows and batches lie on a grid that starts with the first sample), so that the length of
the incoming blocks changes no number. What is voiced enough to be scored, `slicing` decides.

Frame k of `pipeline.overlap_add`'s STFT is centred on the middle of the samples
[k * hop_length, (k + 1) * hop_length): it stands for these and for no others.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime

from pipeline.errors import ModelMismatchError, NonFiniteScoreError
from pipeline.model_card import METADATA_KEY, SeparatorCard, read_card
from pipeline.onnx_errors import ONNX_ERRORS
from pipeline.onnx_session import cpu_session
from pipeline.overlap_add import (
    ComplexArray,
    analyse_frames,
    as_parts,
    overlap_add,
)
from pipeline.vocabulary import FloatArray, SeparatedBlock, WaveformBlock

RUN_WINDOWS = 2  # windows at once: what a net makes of more leaves the processor's cache
# what a net may ask for: sizes, or real and imaginary parts, of the same STFT
MAGNITUDE, SPECTRUM = "magnitude", "spectrum"


class Separator:
    """Holds one mask net, its card and its ONNX Runtime session; lives as long as its worker."""

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        """Load the net.

        Args:
            path: an ONNX file of graph contract v1 whose checksum the caller has checked.
            n_threads: CPU threads that one call may use.

        Raises:
            ModelMismatchError: the file is no separator, or its card and its graph disagree.
        """
        try:
            self._session = cpu_session(path, n_threads)
            self.card = _separator_card(self._session)
        except (*ONNX_ERRORS, ValueError) as error:
            raise ModelMismatchError(
                f"{path.name} is no separator of graph contract v1 ({error}): fetch the file again."
            ) from error
        self._input: str = self._session.get_inputs()[0].name
        self.provider: str = self._session.get_providers()[0]

    def predict(self, spectrum: ComplexArray) -> tuple[FloatArray, FloatArray]:
        """Return mask and voice activity of some windows.

        Args:
            spectrum: complex64 (n, window_frames, n_bins), of the STFT that this module describes.

        Returns:
            mask, float32 (n, window_frames, n_bins) in [0, 1]; voice activity, float32
            (n, window_frames) in [0, 1].

        Raises:
            NonFiniteScoreError: the net gave something that is not a number.
        """
        heard = as_parts(spectrum) if self._input == SPECTRUM else np.abs(spectrum)
        parts = [
            self._session.run(["mask", "voice_activity"], {self._input: heard[i : i + RUN_WINDOWS]})
            for i in range(0, len(heard), RUN_WINDOWS)
        ]
        mask, activity = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if not (np.isfinite(mask).all() and np.isfinite(activity).all()):
            raise NonFiniteScoreError("The separator gave a mask that is not a number.")
        return mask, activity


def separate(blocks: Iterable[WaveformBlock], separator: Separator) -> Iterator[SeparatedBlock]:
    """Yield the recording beside its voice, lazily.

    The output covers the input sample for sample, in blocks of its own: each but the last holds a
    whole number of frames, and `voice_activity` has one number for each frame begun.

    Args:
        blocks: consecutive blocks of one channel, of any length, samples finite.
        separator: the mask net.

    Raises:
        ModelMismatchError: the sound does not have the card's sample rate.
        NonFiniteScoreError: the net gave something that is not a number.
    """
    stream: _Stream | None = None
    for block in blocks:
        if block.sample_rate != separator.card.sample_rate:
            raise ModelMismatchError(
                f"The separator listens at {separator.card.sample_rate} Hz, the sound is at "
                f"{block.sample_rate} Hz: decode at the card's rate."
            )
        stream = stream or _Stream(separator, block)
        yield from stream.push(block.samples)
    if stream is not None:
        yield from stream.finish()


class _Stream:
    """One channel on its way through the net: carries what the next batch of windows needs.

    Window w covers the frames [w * hop_frames, w * hop_frames + window_frames). Where two windows
    overlap their masks are cross-faded, so a mask is final once both were seen. Frames are counted
    from `edge_frames` before the first sample: so the first samples too have all their frames.
    """

    def __init__(self, separator: Separator, first: WaveformBlock) -> None:
        card = separator.card
        self._separator = separator
        self._card = card
        self._track, self._channel, self._start_s = first.track, first.channel, first.start_s
        self._hop_frames = card.window_frames - card.overlap_frames
        reach = (
            card.n_fft - card.hop_length
        ) // 2  # samples a frame hears before and after its own
        self._edge_frames = -(-reach // card.hop_length)
        n_lead = self._edge_frames * card.hop_length + reach
        self._heard = _zeros(n_lead)  # from the next window's first frame on
        self._recorded = _zeros(0)  # not yielded yet
        self._voice = _zeros(0)  # of `_recorded`, as far as final
        self._activity = _zeros(0)  # of `_recorded`, as far as final
        self._n_voice_to_drop = n_lead
        self._n_activity_to_drop = self._edge_frames
        self._mask_tail = _zeros(card.overlap_frames, card.n_fft // 2 + 1)
        self._activity_tail = _zeros(card.overlap_frames)
        self._voice_tail = _zeros(card.n_fft - card.hop_length)
        self._n_windows_done = 0
        self._n_yielded = 0

    def push(self, samples: FloatArray) -> Iterator[SeparatedBlock]:
        """Take more sound; yield what became final."""
        self._heard = np.concatenate([self._heard, samples], dtype=np.float32)
        self._recorded = np.concatenate([self._recorded, samples], dtype=np.float32)
        while len(self._heard) >= self._samples_of(self._card.batch_windows):
            self._mask_windows(self._card.batch_windows)
            hop_length = self._card.hop_length
            n_frames = min(len(self._voice) // hop_length, len(self._activity))
            yield self._take(n_frames * hop_length, n_frames)

    def finish(self) -> Iterator[SeparatedBlock]:
        """Yield the rest; nothing can be pushed after it."""
        hop_length = self._card.hop_length
        while len(self._voice) < len(self._recorded):
            n_samples = len(self._recorded) - len(self._voice) + self._n_voice_to_drop
            n_windows = -(-n_samples // (hop_length * self._hop_frames))
            n_windows = min(n_windows, self._card.batch_windows)
            silence = _zeros(max(0, self._samples_of(n_windows) - len(self._heard)))
            self._heard = np.concatenate([self._heard, silence])
            self._mask_windows(n_windows)
        if len(self._recorded):
            yield self._take(len(self._recorded), -(-len(self._recorded) // hop_length))

    def _samples_of(self, n_windows: int) -> int:
        """Return how many samples the frames of this many windows hear."""
        n_frames = n_windows * self._hop_frames + self._card.overlap_frames
        return (n_frames - 1) * self._card.hop_length + self._card.n_fft

    def _mask_windows(self, n_windows: int) -> None:
        """Run the net on the next windows; what is final by that goes to `_voice`, `_activity`."""
        card = self._card
        n_final = n_windows * self._hop_frames
        n_frames = n_final + card.overlap_frames
        heard = self._heard[: self._samples_of(n_windows)]
        mask = _zeros(n_frames, card.n_fft // 2 + 1)
        activity = _zeros(n_frames)
        mask[: card.overlap_frames] = self._mask_tail
        activity[: card.overlap_frames] = self._activity_tail
        if heard.any():
            spectrum = analyse_frames(heard, card.n_fft, card.hop_length)  # (n_frames, n_bins)
            self._add_windows(spectrum, n_final, mask, activity)
            voiced = spectrum[:n_final] * mask[:n_final]
            voice = overlap_add(voiced, card.n_fft, card.hop_length)
        else:  # digital silence holds no voice; hours of it (a recorder left on) cost next to nothing
            voice = _zeros((n_final - 1) * card.hop_length + card.n_fft)
        self._n_windows_done += n_windows
        self._mask_tail, self._activity_tail = mask[n_final:], activity[n_final:]

        voice[: len(self._voice_tail)] += self._voice_tail
        self._voice_tail = voice[n_final * card.hop_length :]
        self._heard = self._heard[n_final * card.hop_length :]
        voice, activity = voice[: n_final * card.hop_length], activity[:n_final]
        self._voice = np.concatenate([self._voice, voice[self._n_voice_to_drop :]])
        self._activity = np.concatenate([self._activity, activity[self._n_activity_to_drop :]])
        self._n_voice_to_drop = self._n_activity_to_drop = 0

    def _add_windows(
        self, spectrum: ComplexArray, n_final: int, mask: FloatArray, activity: FloatArray
    ) -> None:
        """Run the net on windows of `spectrum`; add what it says, faded, to mask and activity."""
        card = self._card
        starts = range(0, n_final, self._hop_frames)
        windows = np.stack([spectrum[i : i + card.window_frames] for i in starts])
        window_masks, window_activity = self._separator.predict(windows)
        for index, start in enumerate(starts):
            weights = self._weights(is_first=self._n_windows_done + index == 0)
            mask[start : start + card.window_frames] += weights[:, None] * window_masks[index]
            activity[start : start + card.window_frames] += weights * window_activity[index]

    def _weights(self, *, is_first: bool) -> FloatArray:
        """Return how much each frame of a window counts, (window_frames,); neighbours add to 1."""
        n_overlap = self._card.overlap_frames
        fade_in = ((np.arange(n_overlap) + 0.5) / n_overlap).astype(np.float32)
        weights = np.ones(self._card.window_frames, dtype=np.float32)
        if not is_first:
            weights[:n_overlap] = fade_in
        weights[self._hop_frames :] = 1.0 - fade_in
        return weights

    def _take(self, n_samples: int, n_frames: int) -> SeparatedBlock:
        """Return the first samples that were not yielded yet, and forget them."""
        sample_rate = self._card.sample_rate
        recorded = WaveformBlock(
            samples=self._recorded[:n_samples],
            sample_rate=sample_rate,
            start_s=self._start_s + self._n_yielded / sample_rate,
            track=self._track,
            channel=self._channel,
        )
        block = SeparatedBlock(
            recorded=recorded,
            voice=self._voice[:n_samples],
            voice_activity=self._activity[:n_frames],
            frame_s=self._card.hop_length / sample_rate,
        )
        self._recorded = self._recorded[n_samples:]
        self._voice = self._voice[n_samples:]
        self._activity = self._activity[n_frames:]
        self._n_yielded += n_samples
        return block


def _zeros(*shape: int) -> FloatArray:
    return np.zeros(shape, dtype=np.float32)


def _separator_card(session: onnxruntime.InferenceSession) -> SeparatorCard:
    """Return the card; ValueError (pydantic's is one) if it is missing or does not fit the graph."""
    card = read_card(session.get_modelmeta().custom_metadata_map.get(METADATA_KEY, ""))
    if not isinstance(card, SeparatorCard):
        raise ValueError("its card describes a detector")  # noqa: TRY004 the caller translates it
    if card.n_fft % card.hop_length or card.hop_length * 2 > card.n_fft:
        raise ValueError("n_fft is no multiple of hop_length, or less than twice as long")
    if not 0 < 2 * card.overlap_frames <= card.window_frames:
        raise ValueError("its windows overlap by more than half, or not at all")
    inputs = {node.name: node.shape[1:] for node in session.get_inputs()}
    outputs = {node.name for node in session.get_outputs()}
    cells = [card.window_frames, card.n_fft // 2 + 1]
    if inputs not in ({MAGNITUDE: cells}, {SPECTRUM: [*cells, 2]}):
        raise ValueError("its input is not the STFT that its card describes")
    if not {"mask", "voice_activity"} <= outputs:
        raise ValueError("its graph has no outputs `mask` and `voice_activity`")
    return card
