"""Makes music that nobody composed: random pieces, played by our own synthesiser or a sound font.

Only its variety matters: what the mask net must learn is that steady pitch, beat and chords are no
voice, whatever plays them, a sung-like lead with vibrato included. A piece is a list of notes;
`play` renders it with NumPy, `write_midi` hands the same piece to a player such as FluidSynth.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from pipeline.vocabulary import FloatArray

SCALES = (
    (0, 2, 4, 5, 7, 9, 11),  # major
    (0, 2, 3, 5, 7, 8, 10),  # natural minor
    (0, 2, 3, 5, 7, 9, 10),  # Dorian
    (0, 2, 4, 7, 9),  # pentatonic
    (0, 3, 5, 6, 7, 10),  # blues
)
DRUM_PITCHES = (36, 38, 42, 46, 45, 49, 56)  # General MIDI: kick, snare, hats, tom, crash, cowbell
TIMBRES = ("pluck", "organ", "strings", "brass", "flute", "bell", "square", "lead", "choir", "bass")


@dataclass(frozen=True, slots=True)
class Note:
    """One note of one instrument."""

    start_s: float
    duration_s: float
    pitch: int  # MIDI number, or General MIDI's drum
    velocity: float  # 0 to 1
    part: int  # index into the piece's parts; -1 = drums


@dataclass(frozen=True, slots=True)
class Piece:
    """Notes, and how many pitched parts play them."""

    notes: tuple[Note, ...]
    n_parts: int
    duration_s: float


def compose(rng: np.random.Generator, duration_s: float) -> Piece:
    """Return a piece: a chord progression with some of pad, arpeggio, lead, bass and drums."""
    beat_s = 60.0 / rng.uniform(55, 185)
    swing = rng.choice([0.0, 0.0, rng.uniform(0.05, 0.3)])
    scale = np.array(SCALES[rng.integers(len(SCALES))])
    root = int(rng.integers(36, 60))
    degrees = rng.integers(0, len(scale), size=int(rng.integers(2, 6)))
    bar_s = beat_s * int(rng.choice([2, 3, 4, 4, 8]))
    kinds = ["pad", "arpeggio", "lead", "bass", "chords", "drums", "run"]
    chosen = rng.choice(kinds, size=int(rng.integers(1, 5)), replace=False)
    notes: list[Note] = []
    for part, kind in enumerate(chosen):
        for bar, start in enumerate(np.arange(0.0, duration_s, bar_s)):
            degree = int(degrees[bar % len(degrees)])
            chord = [root + _step(scale, degree + third) for third in (0, 2, 4, 6)]
            bar_notes = _bar(rng, str(kind), chord, scale, (bar_s, beat_s * (1 + swing)))
            notes += [
                Note(start + s, d, p, v, -1 if kind == "drums" else part)
                for s, d, p, v in bar_notes
                if start + s < duration_s
            ]
    return Piece(tuple(notes), len(chosen), duration_s)


def _step(scale: np.ndarray, degree: int) -> int:
    return int(scale[degree % len(scale)]) + 12 * (degree // len(scale))


def _bar(
    rng: np.random.Generator,
    kind: str,
    chord: list[int],
    scale: np.ndarray,
    lengths: tuple[float, float],
) -> list[tuple[float, float, int, float]]:
    """Return (start, duration, pitch, velocity) of one bar of one part."""
    bar_s, beat_s = lengths
    n_voices = int(rng.integers(2, 5))
    loud = float(rng.uniform(0.3, 1.0))
    if kind == "pad":
        return [(0.0, bar_s * 1.05, p + 12, loud) for p in chord[:n_voices]]
    if kind == "bass":
        step = beat_s * float(rng.choice([0.5, 1, 2]))
        return [
            (t, step * 0.9, chord[0] - 12 + int(rng.choice([0, 0, 7, 12])), loud)
            for t in np.arange(0, bar_s, step)
        ]
    if kind == "chords":
        step = beat_s * float(rng.choice([0.5, 1, 2]))
        hits = [t for t in np.arange(0, bar_s, step) if rng.random() < 0.75]
        return [(t, step * 0.7, p + 12, loud) for t in hits for p in chord[:n_voices]]
    if kind == "drums":
        step = beat_s / 2
        return [
            (t, 0.2, int(drum), float(rng.uniform(0.3, 1)))
            for t in np.arange(0, bar_s, step)
            for drum in rng.choice(DRUM_PITCHES, size=int(rng.integers(0, 3)), replace=False)
        ]
    if kind == "arpeggio":
        step = beat_s / float(rng.choice([1, 2, 3, 4]))
        return [
            (t, step * float(rng.uniform(0.6, 2.5)), chord[i % n_voices] + 24, loud)
            for i, t in enumerate(np.arange(0, bar_s, step))
        ]
    # a melody: steps up and down the scale, long notes in a lead and short ones in a run
    position = int(rng.integers(0, 7))
    melody, t = [], 0.0
    while t < bar_s:
        duration = beat_s * float(
            rng.choice([0.25, 0.5] if kind == "run" else [0.5, 1, 1, 1.5, 2, 4])
        )
        if rng.random() < 0.85:
            melody.append((t, duration, chord[0] + 12 + _step(scale, position), loud))
        position += int(rng.integers(-2, 3))
        t += duration
    return melody


def play(piece: Piece, rng: np.random.Generator, sample_rate: int) -> FloatArray:
    """Return the piece as float32 (duration_s * sample_rate,), peak 1, with a timbre drawn a part."""
    out = np.zeros(int(piece.duration_s * sample_rate) + 4 * sample_rate, dtype=np.float32)
    sounds = [_Sound.draw(rng) for _ in range(piece.n_parts)]
    gains = rng.uniform(0.15, 1.0, piece.n_parts + 1)
    for note in piece.notes:
        if note.part < 0:
            sound = _drum(rng, note.pitch, sample_rate)
        else:
            sound = _tone(sounds[note.part], note, rng, sample_rate)
        start = int(note.start_s * sample_rate)
        sound = sound[: len(out) - start]
        out[start : start + len(sound)] += sound * np.float32(gains[note.part] * note.velocity)
    out = out[: int(piece.duration_s * sample_rate)]
    if rng.random() < 0.25:  # an overdriven amplifier
        out = np.tanh(out * rng.uniform(2, 12) / max(float(np.abs(out).max()), 1e-6)).astype("f4")
    return out / np.float32(max(float(np.abs(out).max()), 1e-6))


@dataclass(frozen=True, slots=True)
class _Sound:
    """How one part sounds."""

    timbre: str
    partials: FloatArray  # (n_partials,) strength of each harmonic
    attack_s: float
    decay_s: float  # of a plucked sound; long for a held one
    vibrato_hz: float
    vibrato_depth: float  # share of the pitch
    detune: float  # share of the pitch between two copies
    glide_s: float  # from the note before, a semitone or two off
    breath: float
    modulation: float  # FM index of bells

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "_Sound":
        timbre = str(rng.choice(TIMBRES))
        n = np.arange(1, 25)
        tilt = rng.uniform(0.7, 2.5)
        partials = 1.0 / n**tilt
        if timbre == "organ":
            partials = np.isin(n, (1, 2, 3, 4, 6, 8)) * rng.uniform(0.1, 1, 24)
        elif timbre == "square":
            partials = (n % 2) / n
        elif timbre == "flute":
            partials = 1.0 / n**3
        elif timbre in ("choir", "lead"):  # a fixed vowel: peaks at two formants of 200 Hz pitch
            first, second = rng.uniform(1.5, 4), rng.uniform(4, 12)
            partials = partials**0.7 * (
                np.exp(-0.5 * ((n - first) / 1.2) ** 2)
                + 0.5 * np.exp(-0.5 * ((n - second) / 1.5) ** 2)
                + 0.05
            )
        partials = partials * rng.uniform(0.5, 1.0, 24)
        held = timbre in ("organ", "strings", "brass", "flute", "choir", "lead", "square")
        wavers = timbre in ("strings", "flute", "choir", "lead") or rng.random() < 0.2
        return cls(
            timbre=timbre,
            partials=(partials / np.abs(partials).sum()).astype(np.float32),
            attack_s=float(rng.uniform(0.02, 0.4) if held else rng.uniform(0.001, 0.02)),
            decay_s=float(rng.uniform(3, 30) if held else rng.uniform(0.08, 1.5)),
            vibrato_hz=float(rng.uniform(3.5, 7.5)),
            vibrato_depth=float(rng.uniform(0.002, 0.03)) if wavers else 0.0,
            detune=float(rng.choice([0.0, rng.uniform(0.001, 0.01)])),
            glide_s=float(rng.choice([0.0, 0.0, rng.uniform(0.03, 0.2)])),
            breath=float(rng.uniform(0, 0.1)) if timbre in ("flute", "choir", "lead") else 0.0,
            modulation=float(rng.uniform(0.5, 6)) if timbre == "bell" else 0.0,
        )


def _tone(sound: _Sound, note: Note, rng: np.random.Generator, sample_rate: int) -> FloatArray:
    """Return one note, float32, additive or (bells) by frequency modulation."""
    release_s = min(0.3, 0.05 + sound.attack_s)
    n_samples = int((note.duration_s + release_s) * sample_rate)
    t = np.arange(n_samples, dtype=np.float32) / sample_rate
    pitch_hz = 440.0 * 2.0 ** ((note.pitch - 69) / 12)
    bend = sound.vibrato_depth * np.sin(2 * np.pi * sound.vibrato_hz * t) * np.minimum(1, t / 0.3)
    if sound.glide_s:
        bend = bend + rng.choice([-0.1, 0.06]) * np.exp(-t / sound.glide_s)
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + bend)) / sample_rate
    if sound.modulation:
        index = sound.modulation * np.exp(-t / sound.decay_s)
        wave = np.sin(phase + index * np.sin(phase * 1.414))
    else:
        n_partials = max(1, min(len(sound.partials), int(0.46 * sample_rate / pitch_hz)))
        base = np.exp(1j * phase).astype(np.complex64)
        wave, turning = np.zeros(n_samples, dtype=np.float32), base.copy()
        for strength in sound.partials[:n_partials]:
            wave += strength * turning.imag
            turning *= base
        if sound.detune:
            wave = wave * np.cos(np.pi * pitch_hz * sound.detune * t)
    if sound.breath:
        wave = wave + sound.breath * rng.standard_normal(n_samples)
    envelope = np.minimum(1, t / sound.attack_s) * np.exp(-t / sound.decay_s)
    envelope *= np.clip((note.duration_s + release_s - t) / release_s, 0, 1)
    faded: FloatArray = (wave * envelope).astype(np.float32)
    return faded


def _drum(rng: np.random.Generator, pitch: int, sample_rate: int) -> FloatArray:
    """Return one stroke: a falling tone under decaying, coloured noise."""
    t = np.arange(int(0.35 * sample_rate), dtype=np.float32) / sample_rate
    is_metal = pitch in (42, 46, 49, 56)
    ring_s = {36: 0.1, 38: 0.08, 42: 0.03, 46: 0.15, 45: 0.12, 49: 0.3, 56: 0.06}[pitch]
    hiss = rng.standard_normal(len(t))
    if is_metal:
        hiss = lfilter([1, -0.95], [1], hiss)
    pitch_hz = {36: 50.0, 45: 110.0, 38: 180.0, 56: 560.0}.get(pitch, 0.0)
    sweep = pitch_hz * (1 + 2 * np.exp(-t / 0.02))
    body = np.sin(2 * np.pi * np.cumsum(sweep) / sample_rate)
    share = {36: 0.05, 45: 0.1, 38: 0.6, 56: 0.05}.get(pitch, 1.0)
    stroke: FloatArray = (((1 - share) * body + share * hiss) * np.exp(-t / ring_s)).astype("f4")
    return stroke


def write_midi(piece: Piece, programs: list[int], path: Path) -> None:
    """Write the piece as a standard MIDI file, one General MIDI program for each part."""
    ticks_per_s = 960  # 480 a quarter note at MIDI's default tempo of 120
    events: list[tuple[int, bytes]] = [
        (0, bytes([0xC0 | _midi_channel(part), program])) for part, program in enumerate(programs)
    ]
    for note in piece.notes:
        channel, pitch = _midi_channel(note.part), max(0, min(127, note.pitch))
        start = int(note.start_s * ticks_per_s)
        end = start + max(1, int(note.duration_s * ticks_per_s))
        events.append((start, bytes([0x90 | channel, pitch, max(1, int(127 * note.velocity))])))
        events.append((end, bytes([0x80 | channel, pitch, 0])))
    track, now = b"", 0
    for tick, message in sorted(events):
        track += _variable_length(tick - now) + message
        now = tick
    track += b"\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480)
    path.write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + track)


def _midi_channel(part: int) -> int:
    return 9 if part < 0 else part  # MIDI's tenth channel is the drums; a piece has few parts


def _variable_length(number: int) -> bytes:
    out = [number & 0x7F]
    while number := number >> 7:
        out.insert(0, (number & 0x7F) | 0x80)
    return bytes(out)
