"""Compose ffmpeg command lines: the flags that every reading of outside bytes shares.

A list of formats (a playlist or a manifest makes ffmpeg read other files: measured, MEDIA.md) and
of protocols, one thread, no terminal. `ffmpeg-python` composes, `pipeline.limits` runs.
"""

from functools import cache
from pathlib import Path

import ffmpeg
import imageio_ffmpeg

# Demuxers of single media files. Not here: hls, dash, concat, imf, image lists, playlists, network
# protocols, and raw PCM, which would make sound of any bytes.
FORMATS = (
    "aac ac3 aiff amr amrnb amrwb ape asf ast au avi caf dsf dts eac3 flac flv gsm ircam iss loas "
    "matroska,webm mov,mp4,m4a,3gp,3g2,mj2 mp3 mpc mpc8 mpeg mpegts mxf nistsphere nut oga ogg oma "
    "pvf rm sln smjpeg sox tak tta voc w64 wav webm wv xwma"
)
SEEN_BY_FFMPEG = 5_000_000  # bytes of the start that the demuxer may look at


@cache
def ffmpeg_path() -> str:
    """Return the path of the ffmpeg binary that the imageio-ffmpeg wheel carries, or the system's.

    `IMAGEIO_FFMPEG_EXE` names another one; the wheel reads it.
    """
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def ffmpeg_version() -> str:
    """Return what that binary says of its version; it is asked once a process: it takes 14 ms to say so."""
    return str(imageio_ffmpeg.get_ffmpeg_version())


def probe_command(path: Path) -> list[str]:
    """Return the command that names a file's streams and decodes nothing."""
    output = ffmpeg.output(_input(path), "-", f="null", map="0", c="copy", t=0)
    return _compile(output, "info")


def decode_command(path: Path, track: int, sample_rate: int, n_channels: int) -> list[str]:
    """Return the command that writes one audio track as float32 samples to standard output.

    All channels come interleaved: a filter that picks one breaks where the layout changes on the way.

    Args:
        path: the file.
        track: which audio stream, from 0.
        sample_rate: of the samples that come out, in Hz.
        n_channels: of the samples that come out; the track's own number, so that nothing is mixed.
    """
    options: dict[str, str | int] = {
        "map": f"0:a:{track}",
        "ar": sample_rate,
        "ac": n_channels,
        "f": "f32le",
        "c:a": "pcm_f32le",
        "flush_packets": 0,  # fill the buffer: a write for each packet wakes the reader ten times as often
    }
    return _compile(ffmpeg.output(_input(path), "pipe:1", vn=None, sn=None, dn=None, **options))


def _input(path: Path) -> ffmpeg.nodes.FilterableStream:
    return ffmpeg.input(
        f"file:{path}",
        protocol_whitelist="file",
        format_whitelist=FORMATS.replace(" ", ","),
        probesize=SEEN_BY_FFMPEG,
        threads=1,
    )


def _compile(output: ffmpeg.nodes.OutputStream, loglevel: str = "error") -> list[str]:
    general = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", loglevel]
    return [ffmpeg_path(), *general, *(str(part) for part in ffmpeg.get_args(output))]
