"""Splice: partly synthetic utterances with their truth, and long utterances joined of short ones.

A joint lies at a quiet point near the wanted one and is cross-faded over 5 to 20 ms, so that it is
no easier to hear than the voice change itself. Genuine and synthetic speech is joined alike, by
the same joints: a joint must not tell the class.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.signal

from pipeline.errors import InputError
from pipeline.vocabulary import FloatArray
from training.synthesis.engines import SAMPLE_RATE

SHORTEST_FADE_S, LONGEST_FADE_S = 0.005, 0.020
SEARCH_S = 0.06  # a joint moves this far at most, to where it is quiet
_QUIET_WINDOW_S = 0.010
_LOWEST_RMS = 1e-5
_LEVEL_LIMIT = 4.0  # a foreign utterance is scaled by at most this much


@dataclass(frozen=True, slots=True)
class Span:
    """Where something starts and ends, in seconds."""

    start_s: float
    end_s: float


def splice(
    genuine: FloatArray, copy: FloatArray, spans: Sequence[Span], random: np.random.Generator
) -> tuple[FloatArray, tuple[Span, ...]]:
    """Return the genuine utterance with the copy in the spans, and where the spans came to lie.

    Args:
        genuine: (n_samples,), 16 kHz.
        copy: (n_samples or more,): the matched copy, or any other utterance as long; each piece of
            it is brought to the level of what it replaces.
        spans: wanted, in order, apart from each other by 0.2 s or more.
        random: source of all choices.

    Raises:
        InputError: the copy is shorter than the genuine utterance, or spans overlap or lie outside.
    """
    if len(copy) < len(genuine):
        raise InputError("the copy is shorter than the genuine utterance: lengthen it first")
    ends = [0.0, *(at for span in spans for at in (span.start_s, span.end_s))]
    is_ordered = all(a <= b for a, b in itertools.pairwise(ends))
    if not is_ordered or ends[-1] * SAMPLE_RATE > len(genuine):
        raise InputError("the spans overlap, are out of order, or lie outside of the utterance")
    share = np.zeros(len(genuine))  # of the copy, by sample
    level = np.ones(len(genuine))
    placed = []
    for span in spans:
        first = quiet_point(genuine, round(span.start_s * SAMPLE_RATE))
        last = quiet_point(genuine, round(span.end_s * SAMPLE_RATE))
        if last <= first:
            first, last = round(span.start_s * SAMPLE_RATE), round(span.end_s * SAMPLE_RATE)
        share = np.maximum(share, _window(len(genuine), first, last, random))
        wanted, found = _rms(genuine[first:last]), _rms(copy[first:last])
        gain = np.clip(wanted / found, 1 / _LEVEL_LIMIT, _LEVEL_LIMIT)
        reach = round(LONGEST_FADE_S * SAMPLE_RATE)
        level[max(0, first - reach) : last + reach] = gain
        placed.append(Span(first / SAMPLE_RATE, last / SAMPLE_RATE))
    mixed = (1 - share) * genuine + share * level * copy[: len(genuine)]
    return np.asarray(np.clip(mixed, -1.0, 1.0), dtype=np.float32), tuple(placed)


def insert(
    host: FloatArray, guest: FloatArray, at_s: float, random: np.random.Generator
) -> tuple[FloatArray, Span]:
    """Return the host with the guest put in at a quiet point near `at_s`, and the guest's span.

    The guest has the host's level; the host's rest follows after it.
    """
    at = quiet_point(host, round(at_s * SAMPLE_RATE))
    gain = np.clip(_rms(host) / _rms(guest), 1 / _LEVEL_LIMIT, _LEVEL_LIMIT)
    parts = [host[:at], (gain * guest).astype(np.float32), host[at:]]
    joined, spans = join([part for part in parts if len(part)], 0.0, random, is_levelled=False)
    return joined, spans[1 if at else 0]


def join(
    clips: Sequence[FloatArray],
    pause_s: float,
    random: np.random.Generator,
    *,
    is_levelled: bool = True,
) -> tuple[FloatArray, tuple[Span, ...]]:
    """Return utterances one after the other with pauses of their own quiet noise, and their spans.

    Args:
        clips: each (n_samples,), at least one.
        pause_s: mean pause; each is drawn from half to one and a half of it; 0 = a cross-fade only.
        random: source of all choices.
        is_levelled: bring all clips to the level of the first.

    Raises:
        InputError: there is no clip.
    """
    if not clips:
        raise InputError("nothing to join: give at least one utterance")
    out = np.zeros(0)
    spans = []
    for clip in clips:
        gain = np.clip(_rms(clips[0]) / _rms(clip), 1 / _LEVEL_LIMIT, _LEVEL_LIMIT)
        piece = np.asarray(clip, dtype=np.float64) * (gain if is_levelled else 1.0)
        if len(out) and pause_s > 0:
            n_pause = round(pause_s * random.uniform(0.5, 1.5) * SAMPLE_RATE)
            out, _ = _append(out, quiet_noise(piece, n_pause, random), random)
        out, start = _append(out, piece, random)
        spans.append(Span(start / SAMPLE_RATE, len(out) / SAMPLE_RATE))
    joined = np.asarray(np.clip(out, -1.0, 1.0), dtype=np.float32)
    # a span ends where the next cross-fade is half over
    ends = [later.start_s for later in spans[1:]] if pause_s <= 0 else []
    ends = [*ends, *(span.end_s for span in spans[len(ends) :])]
    return joined, tuple(Span(s.start_s, end) for s, end in zip(spans, ends, strict=True))


def draw_spans(
    n_samples: int, share: float, n_spans: int, random: np.random.Generator
) -> tuple[Span, ...]:
    """Return spans that cover about this share of an utterance, at least 0.2 s apart."""
    total_s = n_samples / SAMPLE_RATE
    lengths = random.dirichlet(np.full(n_spans, 4.0)) * share * total_s
    free_s = total_s - lengths.sum() - 0.2 * (n_spans + 1)
    gaps = random.dirichlet(np.full(n_spans + 1, 1.5)) * max(free_s, 0.0) + 0.2
    spans, at = [], 0.0
    for gap, length in zip(gaps[:-1], lengths, strict=True):
        at += gap
        spans.append(Span(round(at, 4), round(min(at + length, total_s), 4)))
        at += length
    return tuple(span for span in spans if span.end_s - span.start_s > 2 * LONGEST_FADE_S)


def quiet_point(samples: FloatArray, at: int) -> int:
    """Return the sample nearest the quietest 10 ms within `SEARCH_S` of a sample."""
    reach, width = round(SEARCH_S * SAMPLE_RATE), round(_QUIET_WINDOW_S * SAMPLE_RATE)
    if at <= 0 or at >= len(samples):
        return int(np.clip(at, 0, len(samples)))
    first, last = max(0, at - reach), min(len(samples), at + reach)
    if last - first <= width:
        return at
    power = np.convolve(np.square(samples[first:last], dtype=np.float64), np.ones(width), "valid")
    return first + int(np.argmin(power)) + width // 2


def quiet_noise(
    samples: FloatArray | np.ndarray, n_samples: int, random: np.random.Generator
) -> np.ndarray:
    """Return noise with the spectrum and level of an utterance's quietest tenth of frames."""
    size = 512
    if len(samples) < 2 * size:
        return np.zeros(n_samples)
    _, _, spectrum = scipy.signal.stft(samples, nperseg=size, boundary=None, padded=False)
    power = np.abs(spectrum) ** 2
    quiet = np.argsort(power.sum(axis=0))[: max(1, power.shape[1] // 10)]
    shape = np.sqrt(power[:, quiet].mean(axis=1))
    noise = random.standard_normal(n_samples + 2 * size)
    _, _, white = scipy.signal.stft(noise, nperseg=size)
    level = np.sqrt(np.mean(np.abs(white) ** 2))
    _, coloured = scipy.signal.istft(white / level * shape[:, None], nperseg=size)
    return np.asarray(coloured[size : size + n_samples])


def _append(
    out: np.ndarray, piece: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Return both with a cross-fade, and the sample at its middle."""
    fade = round(random.uniform(SHORTEST_FADE_S, LONGEST_FADE_S) * SAMPLE_RATE)
    fade = min(fade, len(out), len(piece))
    if fade == 0:
        return np.concatenate([out, piece]), len(out)
    ramp = np.linspace(0.0, 1.0, fade)
    middle = (1 - ramp) * out[-fade:] + ramp * piece[:fade]
    return np.concatenate([out[:-fade], middle, piece[fade:]]), len(out) - fade // 2


def _window(n_samples: int, first: int, last: int, random: np.random.Generator) -> np.ndarray:
    """Return 1 between two samples, 0 elsewhere, with ramps that have their middle at them."""
    half_in, half_out = (
        round(random.uniform(SHORTEST_FADE_S, LONGEST_FADE_S) * SAMPLE_RATE / 2) for _ in range(2)
    )
    at = np.arange(n_samples)
    rise = (
        np.clip((at - first) / (2 * half_in) + 0.5, 0.0, 1.0) if first > 0 else np.ones(n_samples)
    )
    fall = (
        np.clip((last - at) / (2 * half_out) + 0.5, 0.0, 1.0)
        if last < n_samples
        else np.ones(n_samples)
    )
    return np.asarray(np.minimum(rise, fall))


def _rms(samples: FloatArray | np.ndarray) -> float:
    """Return the root of the mean square, never 0."""
    if not len(samples):
        return _LOWEST_RMS
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + _LOWEST_RMS)
