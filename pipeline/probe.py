"""Read what a container says about itself, from ffmpeg's own words, parsed strictly.

The wheel carries no ffprobe; `ffmpeg -i FILE -map 0 -c copy -t 0 -f null -` names the streams in
milliseconds. Only lines at the indentation that ffmpeg gives to streams count, so that a tag which
looks like a stream is not one.
"""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from pipeline.declared_length import declared_s
from pipeline.errors import InputError, MediaCorruptError, MediaUnsupportedError
from pipeline.ffmpeg_command import probe_command
from pipeline.limits import ChildLimits, run_limited
from pipeline.vocabulary import AudioTrack, MediaFile, Probe

PROBE_LIMITS = ChildLimits(cpu_s=60, stall_s=60.0, wall_s=60.0)
MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 384_000  # headers lie (MEDIA.md); beyond these nobody records
MAX_CHANNELS = 32
HASH_BYTES = 1 << 20  # read at a time
LOW_BIT_RATE_BPS = 32_000  # of a channel: up to here genuine speech is called synthetic more often
_SPEECH_CODECS = {  # that know no higher rate
    "amr_nb", "amr_wb", "evrc", "g723_1", "g729", "gsm", "gsm_ms", "ilbc",
    "qcelp", "ra_144", "ra_288", "sipr", "speex", "truespeech",
}  # fmt: skip
_LOSSY_CODECS = {
    "aac", "ac3", "atrac1", "atrac3", "cook", "eac3", "mp2", "mp3", "nellymoser",
    "opus", "vorbis", "wmav1", "wmav2", "wmapro", "wmavoice",
}  # fmt: skip

_INPUT = re.compile(r"^Input #0, (.+), from '")
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)")
_BIT_RATE = re.compile(r"^  Duration: .*bitrate: (\d+) kb/s")
_STREAM = re.compile(
    r"^  Stream #0:\d+(?:\[0x[0-9a-f]+\])?(?:\((\w{2,8})\))?: (\w+): ([\w.-]+)(.*)$"
)
_RATE_AND_LAYOUT = re.compile(r", (\d+) Hz, ([^,]+)")
_STREAM_BIT_RATE = re.compile(r", (\d+) kb/s")
_NAMED_LAYOUTS = {
    "mono": 1, "stereo": 2, "downmix": 2, "binaural": 2, "quad": 4, "hexagonal": 6, "octagonal": 8, "cube": 8,
    "hexadecagonal": 16,
}  # fmt: skip

# First bytes of what people hand in by mistake, so that the error can say what it is.
_NOT_MEDIA = (
    (b"#EXTM3U", "media_is_playlist", "a playlist, not a recording: submit its address instead"),
    (b"ffconcat", "media_is_playlist", "a list of files, not a recording"),
    (b"<MPD", "media_is_playlist", "a streaming manifest, not a recording"),
    (b"<?xml", "media_is_text", "an XML text, not a recording"),
    (b"<!DOCTYPE", "media_is_text", "a web page, not a recording"),
    (b"<html", "media_is_text", "a web page, not a recording"),
    (b"%PDF", "media_is_text", "a PDF document, not a recording"),
    (b"PK\x03\x04", "media_is_archive", "an archive: submit the recordings that it holds"),
    (b"\x1f\x8b", "media_is_archive", "an archive: submit the recordings that it holds"),
    (b"Rar!", "media_is_archive", "an archive: submit the recordings that it holds"),
    (b"7z\xbc\xaf", "media_is_archive", "an archive: submit the recordings that it holds"),
)
_EXTENSIONS = {
    "wav": "wav", "mp3": "mp3", "flac": "flac", "ogg": "ogg oga opus", "aac": "aac", "matroska,webm": "mkv webm mka",
    "mov,mp4,m4a,3gp,3g2,mj2": "mov mp4 m4a m4b m4v 3gp 3g2 mj2", "aiff": "aif aiff aifc", "au": "au snd", "avi": "avi",
    "flv": "flv", "asf": "asf wma wmv", "caf": "caf",
    "amr": "amr", "w64": "w64", "mpegts": "ts mts m2ts", "mpeg": "mpg mpeg vob",
}  # fmt: skip


def open_media(item_id: str, path: Path, name: str = "") -> MediaFile:
    """Hash and probe a file.

    Args:
        item_id: the item that the file belongs to.
        path: the file, on this node.
        name: the name that the source gave it; its extension is compared with what is inside.

    Raises:
        InputError: see `hash_file`.
        MediaCorruptError: empty, or nothing that ffmpeg could read.
        MediaUnsupportedError: a playlist, an archive, a text, or out of bounds.
    """
    media = hash_file(item_id, path)
    return replace(media, probe=probe(path, name or path.name))


def hash_file(item_id: str, path: Path) -> MediaFile:
    """Return the file with its SHA-256 and size, not probed.

    Raises:
        InputError: the system does not let it be read (`not_readable`).
    """
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while data := file.read(HASH_BYTES):
                digest.update(data)
                size += len(data)
    except OSError as error:
        raise InputError(
            f"The file cannot be read ({error.strerror}): check its rights and its disk.",
            "not_readable",
        ) from error
    return MediaFile(item_id, path, digest.hexdigest(), size)


def probe(path: Path, name: str) -> Probe:
    """Return what the container declares. Raises as `open_media` does."""
    _refuse_other_things(path)
    result = run_limited(probe_command(path), PROBE_LIMITS)
    found = parse_probe(result.stderr)
    if found is None or (result.return_code != 0 and not found.tracks and not found.other_streams):
        raise MediaCorruptError(_explain(result.stderr))
    found = _without_tracks_out_of_bounds(found)
    if (seconds := declared_s(path, found.container)) is not None:
        kept = tuple(note for note in found.notes if note != "duration_estimated")
        found = replace(found, declared_duration_s=seconds, notes=kept)
    low = ("low_bit_rate",) if _has_low_bit_rate(found) else ()
    return replace(found, notes=(*found.notes, *low, *notes_on_name(found.container, name)))


def notes_on_name(container: str, name: str) -> tuple[str, ...]:
    """Return the remarks on a file's name, which is no part of its bytes."""
    extension = Path(name).suffix.lower().lstrip(".")
    expected = {e: c for c, names in _EXTENSIONS.items() for e in names.split()}
    is_other = extension in expected and expected[extension] != container
    return ("extension_mismatch",) if is_other else ()


def parse_probe(text: str) -> Probe | None:
    """Return what ffmpeg said of input 0, or None where it opened no input."""
    lines = iter(text.splitlines())
    container = next((m[1] for line in lines if (m := _INPUT.match(line))), None)
    if container is None:
        return None
    duration_s: float | None = None
    bit_rate_bps: int | None = None
    tracks: list[AudioTrack] = []
    others: list[str] = []
    for line in lines:
        if line.startswith(("Stream mapping:", "Output #0")):
            break
        if match := _DURATION.match(line):
            duration_s = int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
        if match := _BIT_RATE.match(line):
            bit_rate_bps = int(match[1]) * 1000
        if match := _STREAM.match(line):
            language, kind, codec, rest = match.groups()
            if kind == "Audio":
                tracks.append(_audio_track(len(tracks), codec, rest, language or ""))
            else:
                others.append(f"{kind.lower()} {codec}")
    estimated = ("duration_estimated",) if "Estimating duration from bitrate" in text else ()
    return Probe(container, duration_s, bit_rate_bps, tuple(tracks), tuple(others), estimated)


def _audio_track(index: int, codec: str, rest: str, language: str) -> AudioTrack:
    rate_and_layout = _RATE_AND_LAYOUT.search(rest)
    bit_rate = _STREAM_BIT_RATE.search(rest)
    return AudioTrack(
        index=index,
        codec=codec,
        sample_rate=int(rate_and_layout[1]) if rate_and_layout else 0,
        n_channels=_count_channels(rate_and_layout[2]) if rate_and_layout else 0,
        bit_rate_bps=int(bit_rate[1]) * 1000 if bit_rate else None,
        language="" if language == "und" else language,
    )


def _count_channels(layout: str) -> int:
    """Return the number of channels of a layout as ffmpeg names it: `5.1(side)`, `3 channels`."""
    name = layout.split("(")[0].strip()
    if name in _NAMED_LAYOUTS:
        return _NAMED_LAYOUTS[name]
    if match := re.match(r"(\d+) channels", name):
        return int(match[1])
    if re.fullmatch(r"\d+(\.\d+)+", name):
        return sum(int(part) for part in name.split("."))
    return 0


def _has_low_bit_rate(found: Probe) -> bool:
    """Tell whether a track was coded for telephony or at such a rate, as far as the file says."""
    is_alone = len(found.tracks) == 1 and not found.other_streams
    for track in found.tracks:
        rate = track.bit_rate_bps or (found.bit_rate_bps if is_alone else None)
        is_low = rate is not None and 0 < rate <= LOW_BIT_RATE_BPS * track.n_channels
        if track.codec in _SPEECH_CODECS or (track.codec in _LOSSY_CODECS and is_low):
            return True
    return False


def _without_tracks_out_of_bounds(found: Probe) -> Probe:
    """Return the probe without tracks that lie about themselves or that no decoder knows.

    Raises:
        MediaUnsupportedError: there are tracks, and no other ones.
    """
    kept: list[AudioTrack] = []
    first_error: MediaUnsupportedError | None = None
    left_out: list[str] = []
    for track in found.tracks:
        try:
            _check_bounds(track)
        except MediaUnsupportedError as error:
            first_error = first_error or error
            left_out.append(f"audio {track.codec}")
        else:
            kept.append(track)
    if first_error is None:
        return found
    if not kept:
        raise first_error
    others = (*found.other_streams, *left_out)
    notes = (*found.notes, "track_out_of_bounds")
    return replace(found, tracks=tuple(kept), other_streams=others, notes=notes)


def _check_bounds(track: AudioTrack) -> None:
    if not MIN_RATE_HZ <= track.sample_rate <= MAX_RATE_HZ:
        raise MediaUnsupportedError(
            f"Audio track {track.index + 1} declares a sample rate of {track.sample_rate} Hz; "
            f"{MIN_RATE_HZ} to {MAX_RATE_HZ} Hz are analysed. The file's header is probably damaged.",
            "sample_rate_out_of_bounds",
        )
    if not 1 <= track.n_channels <= MAX_CHANNELS:
        raise MediaUnsupportedError(
            f"Audio track {track.index + 1} declares {track.n_channels} channels; "
            f"1 to {MAX_CHANNELS} are analysed. The file's header is probably damaged.",
            "channels_out_of_bounds",
        )


def _refuse_other_things(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise MediaCorruptError(
            "The file is empty (0 bytes). Fetch or export it again.", "media_empty"
        )
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, code, words in _NOT_MEDIA:
        if text.startswith(magic):
            raise MediaUnsupportedError(f"The file is {words}.", code)


def _explain(stderr: str) -> str:
    if "moov atom not found" in stderr:
        return (
            "The file has no index (moov atom): its recording or upload was cut off. "
            "Get the whole file, or repair it, and submit it again."
        )
    return "No known audio or video format was found in the file: it is damaged, encrypted or not a recording."
