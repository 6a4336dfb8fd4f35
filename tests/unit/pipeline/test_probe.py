"""What a container says, and what is refused before anything is decoded."""

from pathlib import Path

import pytest

from pipeline.declared_length import declared_s
from pipeline.errors import MediaCorruptError, MediaUnsupportedError, VerityError
from pipeline.probe import open_media, parse_probe
from tests.makers import encode, tone, wav_bytes, write_wav

SPOOFED = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/x/media.bin':
  Metadata:
    title           : a
                    :   Stream #0:7: Audio: evil, 8000 Hz, mono, s16
    Stream #0:9: Audio: worse, 8000 Hz, mono, s16
  Duration: 00:01:02.50, start: 0.000000, bitrate: 130 kb/s
  Stream #0:0[0x1](eng): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 320x240, 25 fps
  Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, 5.1(side), fltp, 384 kb/s (default)
Stream mapping:
  Stream #0:1 -> #0:0 (copy)
Output #0, null, to 'pipe:':
  Stream #0:0: Audio: aac, 48000 Hz, 5.1(side), fltp
"""


def test_only_streams_of_the_input_are_read() -> None:
    probe = parse_probe(SPOOFED)
    assert probe is not None
    (track,) = probe.tracks
    assert (track.codec, track.sample_rate, track.n_channels) == ("aac", 48_000, 6)
    assert (track.bit_rate_bps, track.language) == (384_000, "")
    assert probe.declared_duration_s == 62.5
    assert probe.other_streams == ("video h264",)


def test_a_file_is_hashed_and_its_tracks_are_named(tmp_path: Path) -> None:
    media = open_media("item", write_wav(tmp_path / "a.wav", tone(duration_s=2.0)))
    assert media.probe is not None
    (track,) = media.probe.tracks
    assert (media.probe.container, track.codec, track.sample_rate) == ("wav", "pcm_s16le", 16_000)
    assert media.probe.declared_duration_s == pytest.approx(2.0, abs=0.01)
    assert media.size_bytes == (tmp_path / "a.wav").stat().st_size
    assert len(media.sha256) == 64


def test_a_wrong_extension_is_noted(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3", tone(), "-b:a", "64k")
    probe = open_media("item", path, "interview.wav").probe
    assert probe is not None
    assert probe.notes == ("extension_mismatch",)


@pytest.mark.parametrize(
    ("name", "options", "is_low"),
    [
        ("a.amr", ("-c:a", "libopencore_amrnb", "-ar", "8000"), True),
        ("a.opus", ("-c:a", "libopus", "-b:a", "16k"), True),
        ("a.mp3", ("-b:a", "32k"), True),
        ("a.mp3", ("-b:a", "64k", "-ac", "2"), True),  # 32 kbit/s a channel
        ("a.mp3", ("-b:a", "64k"), False),
        ("a.wav", ("-ar", "8000", "-c:a", "pcm_u8"), False),
        ("a.flac", ("-ar", "8000"), False),
    ],
)
def test_lossy_sound_of_a_low_rate_is_noted(
    name: str, options: tuple[str, ...], is_low: bool, tmp_path: Path
) -> None:
    probe = open_media("item", encode(tmp_path / name, tone(), *options)).probe
    assert probe is not None
    assert ("low_bit_rate" in probe.notes) is is_low


@pytest.mark.parametrize("name", ["a.wav", "a.w64", "a.caf", "a.avi"])
def test_the_length_that_a_header_declares_outlives_the_sound(name: str, tmp_path: Path) -> None:
    path = encode(tmp_path / name, tone(duration_s=3.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    probe = open_media("item", path).probe
    assert probe is not None
    assert probe.declared_duration_s == pytest.approx(3.0, abs=0.1)
    assert "duration_estimated" not in probe.notes


def test_a_header_that_ends_or_lies_declares_nothing(tmp_path: Path) -> None:
    for name in ("a.wav", "a.w64", "a.caf", "a.avi"):
        content = encode(tmp_path / name, tone(duration_s=0.1)).read_bytes()
        container = Path(name).suffix[1:]
        for n_bytes in range(0, 120, 3):
            (tmp_path / name).write_bytes(content[:n_bytes])
            declared_s(tmp_path / name, container)  # no error
        (tmp_path / name).write_bytes(content[:12] + b"\xff" * 300)
        assert declared_s(tmp_path / name, container) is None


@pytest.mark.parametrize(
    ("content", "error", "code"),
    [
        (b"", MediaCorruptError, "media_empty"),
        (bytes(range(256)) * 8, MediaCorruptError, "media_corrupt"),
        (b"#EXTM3U\n#EXTINF:3,\nsecret.mp3\n", MediaUnsupportedError, "media_is_playlist"),
        (b"ffconcat version 1.0\nfile secret.wav\n", MediaUnsupportedError, "media_is_playlist"),
        (b"<?xml version='1.0'?><MPD></MPD>", MediaUnsupportedError, "media_is_text"),
        (b"PK\x03\x04" + bytes(64), MediaUnsupportedError, "media_is_archive"),
    ],
)
def test_what_is_no_recording_is_refused_by_name(
    tmp_path: Path, content: bytes, error: type[VerityError], code: str
) -> None:
    (tmp_path / "media.bin").write_bytes(content)
    with pytest.raises(error) as caught:
        open_media("item", tmp_path / "media.bin")
    assert caught.value.code == code


def test_a_header_with_an_impossible_rate_is_refused(tmp_path: Path) -> None:
    content = bytearray(wav_bytes(tone()))
    content[24:28] = (2_000_000).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(VerityError) as caught:
        open_media("item", tmp_path / "a.wav")
    assert caught.value.code in {"sample_rate_out_of_bounds", "media_corrupt"}
