"""Decode a media file to 16 kHz float32, as a stream; the one place that reads sound from outside.

`survey` looks at every channel (which are silent, which are copies, how long the sound really is),
then `decode` yields the blocks of one channel: from the sound that the survey kept or, where there
was no room for it, decoded again. The time axis is decoded samples, so jumping time stamps and edit
lists cannot move it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.channels import ChannelComparison
from pipeline.errors import LimitExceededError, MediaCorruptError
from pipeline.ffmpeg_command import decode_command
from pipeline.kept_sound import KeptSound
from pipeline.limits import ChildLimits, limited_child
from pipeline.offsets import OffsetFinder, level_stretches
from pipeline.room_echo import EchoMeter
from pipeline.vocabulary import (
    AnalysisOptions,
    AudioTrack,
    FloatArray,
    MediaFile,
    Probe,
    TrackUse,
    WaveformBlock,
)

DECODE_LIMITS = ChildLimits(cpu_s=3600, stall_s=120.0)  # an hour of CPU decodes days of sound
INCOMPLETE_S = 1.0  # decoded this much less than declared, and 1 %: say so
SPLINTER_S, SPLINTER_SHARE = 1.0, 0.1  # less than both, with errors: the file is no recording
FULL_SCALE = 1.0

_FLOAT_BYTES = 4


@dataclass(slots=True)
class _Sums:
    """What one pass over a track found."""

    channels: ChannelComparison
    offsets: OffsetFinder
    echo: EchoMeter
    n_samples: int = 0
    n_not_finite: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)  # of all samples, as they came


def survey(
    media: MediaFile,
    sample_rate: int,
    options: AnalysisOptions,
    on_progress: Callable[[float], None] = lambda _: None,
    kept: KeptSound | None = None,
) -> MediaFile:
    """Decode everything once; return the file with true durations and the use of each channel.

    Args:
        media: probed.
        sample_rate: that the analysis works at, in Hz.
        options: limits on seconds and channels.
        on_progress: called now and then with the seconds decoded of a track.
        kept: gets what was decoded.

    Raises:
        MediaCorruptError: a track is declared, but no sound came out of any.
        LimitExceededError: longer than `options.max_duration_s`.
    """
    assert media.probe is not None, "survey follows open_media"
    probe = media.probe
    tracks: list[AudioTrack] = []
    notes = list(probe.notes)
    room = options.max_channels
    if kept is not None:
        kept.unpacked_from(media.size_bytes)
    for track in probe.tracks:
        sums, words = _sum_up(media, track, sample_rate, options.max_duration_s, on_progress, kept)
        use = sums.channels.use(room)
        room -= use.count(TrackUse.ANALYSED)
        tracks.append(
            replace(
                track,
                decoded_duration_s=sums.n_samples / sample_rate,
                channel_use=use,
                channel_offset=sums.channels.offsets(),
                offset_stretches=_stretches(sums),
                decoded_sha256=sums.digest.hexdigest(),
            )
        )
        notes += [code for code in _remarks(sums, tracks[-1], words) if code not in notes]
    if tracks and _is_next_to_nothing(probe, tracks, notes):
        raise MediaCorruptError(
            "The file declares sound, but next to none could be decoded from it: it is damaged, "
            "encrypted or no recording."
        )
    if (note := _incomplete(probe, tracks)) is not None:
        notes.append(note)
    return replace(media, probe=replace(probe, tracks=tuple(tracks), notes=tuple(notes)))


def decode(
    media: MediaFile,
    track: AudioTrack,
    channel: int,
    sample_rate: int,
    block_s: float,
    kept: KeptSound | None = None,
) -> Iterator[WaveformBlock]:
    """Yield one channel of a track as blocks of `block_s` seconds, the last one shorter.

    Samples are clipped to full scale and freed of the channel's offset, the constant one or that of
    stretches; what is not a finite number stays so: `replace_not_finite`.

    Args:
        media: the file.
        track: of it.
        channel: of the track, from 0.
        sample_rate: in Hz.
        block_s: seconds a block.
        kept: what the survey kept of this file.
    """
    blocks = _blocks(media, track, channel, sample_rate, block_s, kept)
    stretches = track.offset_stretches[channel] if track.offset_stretches else ()
    yield from level_stretches(blocks, stretches)


def _blocks(
    media: MediaFile,
    track: AudioTrack,
    channel: int,
    sample_rate: int,
    block_s: float,
    kept: KeptSound | None,
) -> Iterator[WaveformBlock]:
    """Yield the blocks of `decode`, still with the offset of stretches."""
    block_samples = round(block_s * sample_rate)
    start = 0
    waiting: list[FloatArray] = []
    n_waiting = 0
    offset = track.channel_offset[channel] if track.channel_offset else 0.0
    kept_chunks = kept.chunks(track.index) if kept is not None else None
    chunks = _read_track(media, track, sample_rate) if kept_chunks is None else kept_chunks
    for chunk in chunks:
        waiting.append(chunk[:, channel])
        n_waiting += len(chunk)
        if n_waiting < block_samples:
            continue
        samples = np.concatenate(waiting)
        whole = n_waiting - n_waiting % block_samples
        for first in range(0, whole, block_samples):
            part = samples[first : first + block_samples]
            yield _freed(_block(part, sample_rate, start, track.index, channel), offset)
            start += block_samples
        waiting, n_waiting = [samples[whole:]], n_waiting - whole
    if n_waiting:
        rest = np.concatenate(waiting)
        yield _freed(_block(rest, sample_rate, start, track.index, channel), offset)


def analysed_channels(probe: Probe) -> list[tuple[AudioTrack, int]]:
    """Return the (track, channel) pairs that `survey` chose."""
    return [
        (track, channel)
        for track in probe.tracks
        for channel, use in enumerate(track.channel_use)
        if use is TrackUse.ANALYSED
    ]


def replace_not_finite(
    blocks: Iterable[WaveformBlock], damaged: list[tuple[float, float]]
) -> Iterator[WaveformBlock]:
    """Yield the blocks with every NaN or infinity replaced by zero.

    Args:
        blocks: of one channel.
        damaged: gets (start, end) in seconds of each stretch that holds replaced samples, before the
            block is yielded, so that segments there are not scored.
    """
    for block in blocks:
        bad = np.flatnonzero(~np.isfinite(block.samples))
        for part in np.split(bad, np.flatnonzero(np.diff(bad) > block.sample_rate) + 1):
            if len(part):
                first_s, last_s = part[0] / block.sample_rate, (part[-1] + 1) / block.sample_rate
                damaged.append((block.start_s + first_s, block.start_s + last_s))
        samples = np.nan_to_num(block.samples, nan=0.0, posinf=0.0, neginf=0.0)
        yield replace(block, samples=samples) if len(bad) else block


def _block(
    samples: FloatArray, sample_rate: int, start: int, track: int, channel: int
) -> WaveformBlock:
    limited = np.where(np.isfinite(samples), np.clip(samples, -FULL_SCALE, FULL_SCALE), samples)
    return WaveformBlock(
        limited.astype(np.float32, copy=False), sample_rate, start / sample_rate, track, channel
    )


def _remarks(sums: _Sums, track: AudioTrack, words: list[str]) -> Iterator[str]:
    """Yield the codes of what one pass over a track remarked."""
    if words:
        yield "decode_errors"
    if sums.n_not_finite:
        yield "not_finite"
    if any(track.channel_offset):
        yield "offset_removed"
    if any(track.offset_stretches):
        yield "offset_stretch_removed"
    if sums.echo.is_echoing():
        yield "reverberant"


def _stretches(sums: _Sums) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Return the stretches of channels that have no constant offset; () where there are none."""
    found = sums.offsets.stretches()
    kept = tuple(
        () if offset else mine for mine, offset in zip(found, sums.channels.offsets(), strict=True)
    )
    return kept if any(kept) else ()


def _freed(block: WaveformBlock, offset: float) -> WaveformBlock:
    return replace(block, samples=block.samples - np.float32(offset)) if offset else block


def _read_track(
    media: MediaFile, track: AudioTrack, sample_rate: int, words: list[str] | None = None
) -> Iterator[FloatArray]:
    """Yield float32 (n, n_channels); put what ffmpeg complained of into `words`."""
    command = decode_command(media.path, track.index, sample_rate, track.n_channels)
    frame_bytes = _FLOAT_BYTES * track.n_channels
    rest = b""
    with limited_child(command, DECODE_LIMITS) as child:
        while data := child.read():
            data = rest + data
            whole = len(data) - len(data) % frame_bytes
            rest = data[whole:]
            yield np.frombuffer(data[:whole], np.dtype("<f4")).reshape(-1, track.n_channels)
        result = child.finish()
    if result.timed_out:
        raise MediaCorruptError(
            f"Decoding stood still for {DECODE_LIMITS.stall_s:.0f} s: the file is damaged.",
            "decode_stalled",
        )
    if words is not None and (result.stderr.strip() or result.return_code != 0):
        words.append(result.stderr)


def _sum_up(
    media: MediaFile,
    track: AudioTrack,
    sample_rate: int,
    max_duration_s: float,
    on_progress: Callable[[float], None],
    kept: KeptSound | None,
) -> tuple[_Sums, list[str]]:
    words: list[str] = []
    comparison = ChannelComparison(track.n_channels, sample_rate)
    finder = OffsetFinder(track.n_channels, sample_rate)
    sums = _Sums(comparison, finder, EchoMeter(track.n_channels, sample_rate))
    reported_s = 0.0
    for chunk in _read_track(media, track, sample_rate, words):
        if kept is not None:
            kept.add(track.index, chunk)
        sums.digest.update(chunk.reshape(-1).data)  # a hash takes one dimension only
        finite = np.isfinite(chunk)
        if not finite.all():
            sums.n_not_finite += int(np.size(finite) - np.count_nonzero(finite))
            chunk = np.where(finite, chunk, np.float32(0))
        limited = np.clip(chunk, -FULL_SCALE, FULL_SCALE)
        sums.channels.add(limited)
        sums.offsets.add(limited)
        sums.echo.add(limited)
        sums.n_samples += len(chunk)
        duration_s = sums.n_samples / sample_rate
        if duration_s > max_duration_s:
            raise LimitExceededError(
                f"The sound is longer than {max_duration_s / 3600:g} h. Cut it, or raise the limit.",
                "too_long",
            )
        if duration_s - reported_s >= 60.0:
            reported_s = duration_s
            on_progress(duration_s)
    return sums, words


def _is_next_to_nothing(probe: Probe, tracks: list[AudioTrack], notes: list[str]) -> bool:
    """Tell whether what came out is nothing, or a splinter between errors.

    Random bytes hold a few that look like a frame of MP3: ffmpeg then decodes a tenth of a second of
    a file that it takes for minutes long.
    """
    decoded_s = max(track.decoded_duration_s or 0.0 for track in tracks)
    declared_s = probe.declared_duration_s or 0.0
    is_splinter = decoded_s < min(SPLINTER_S, SPLINTER_SHARE * declared_s)
    return decoded_s == 0.0 or ("decode_errors" in notes and is_splinter)


def _incomplete(probe: Probe, tracks: list[AudioTrack]) -> str | None:
    """Return the note that less sound came out than the container declares."""
    declared = probe.declared_duration_s
    decoded = max((track.decoded_duration_s or 0.0 for track in tracks), default=0.0)
    if declared is None or not tracks or "duration_estimated" in probe.notes:
        return None
    if declared - decoded < max(INCOMPLETE_S, 0.01 * declared):
        return None
    has_video = any(stream.startswith("video") for stream in probe.other_streams)
    return "audio_shorter_than_video" if has_video else "incomplete"
