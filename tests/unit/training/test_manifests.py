"""Manifests are read, joined, written and checked, or refused with words."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Label
from training.manifests import (
    COLUMNS,
    NO_FOLD,
    Utterance,
    file_sha256,
    find_damage,
    read_manifest,
    read_manifests,
    write_manifest,
)

SHA = hashlib.sha256(b"sound").hexdigest()


def write(folder: Path, text: str, name: str = "m.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_two_columns_are_enough(tmp_path: Path) -> None:
    manifest = write(tmp_path, "path,label\na.wav,bonafide\nb/c.wav,spoof\n")
    first, second = read_manifest(manifest)
    assert first.path == tmp_path / "a.wav"
    assert (first.label, second.label) == (Label.BONAFIDE, Label.SPOOF)
    assert (first.system, first.fold, first.sha256) == ("", NO_FOLD, "")
    assert first.clip_id == "a.wav"


def test_every_column_is_read(tmp_path: Path) -> None:
    values = f"a.wav,spoof,3.6,made,s:1,world,vocoder,ko,CC0,here,id,other,2,dev,room,{SHA.upper()}"
    (row,) = read_manifest(write(tmp_path, f"{','.join(COLUMNS)}\n{values}\n"))
    assert (row.seconds, row.licence, row.origin, row.part) == (3.6, "CC0", "here", "dev")
    assert (row.condition, row.sha256, row.fold, row.pairs) == ("room", SHA, 2, ("other",))


def test_bom_crlf_blanks_and_other_alphabets_are_no_matter(tmp_path: Path) -> None:
    text = '\ufeffpath,label,speaker,new column\r\n"다 나/é, 1.wav",bonafide,김,x\r\n'
    (row,) = read_manifest(write(tmp_path, text))
    assert row.path == tmp_path / "다 나/é, 1.wav"
    assert row.speaker == "김"


def test_a_row_cut_short_has_nothing_in_the_rest(tmp_path: Path) -> None:
    (row,) = read_manifest(write(tmp_path, "path,label,system,fold\na.wav,spoof\n"))
    assert (row.system, row.fold) == ("", NO_FOLD)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path\na.wav\n", "no column label"),
        ("", "no column label, path"),
        ("path,label\na.wav,real\n", r"line 2.*'real' is neither bonafide nor spoof"),
        ("path,label\n../a.wav,spoof\n", "leaves the manifest's folder"),
        ("path,label\nx/../../a.wav,spoof\n", "leaves the manifest's folder"),
        ("path,label\n..\\a.wav,spoof\n", "leaves the manifest's folder"),
        ("path,label\na\0.wav,spoof\n", "leaves the manifest's folder|not a CSV row"),
        ("path,label\n,spoof\n", "path is empty"),
        ("path,label,fold\na.wav,spoof,two\n", "fold 'two'"),
        ("path,label,fold\na.wav,spoof,1.5\n", r"fold '1\.5'"),
        ("path,label,seconds\na.wav,spoof,nan\n", "no length"),
        ("path,label,seconds\na.wav,spoof,-1\n", "no length"),
        ("path,label,sha256\na.wav,spoof,abc\n", "64 hexadecimal"),
        ("path,label,clip_id\na.wav,spoof,x\nb.wav,spoof,x\n", "id x stands twice.*a.wav.*b.wav"),
        ("path,label\na.wav,spoof\na.wav,spoof\n", "stands twice"),
    ],
)
def test_a_damaged_manifest_is_refused_with_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_manifest(write(tmp_path, text))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", gzip.compress(b"path,label\n", mtime=0)[:-9]])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("m.csv.gz" if content[:2] == b"\x1f\x8b" else "m.csv")
    path.write_bytes(content)
    with pytest.raises(InputError, match="not readable as UTF-8"):
        read_manifest(path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"none\.csv"):
        read_manifest(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz"])
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    source = write(
        tmp_path / "in",
        f"path,label,seconds,fold,sha256\na b/é.wav,spoof,1.25,3,{SHA}\n/x.wav,spoof,,,\n",
    )
    rows = read_manifest(source)
    assert write_manifest(rows, tmp_path / "in" / name) == 2
    assert read_manifest(tmp_path / "in" / name) == rows
    assert write_manifest(rows, tmp_path / "elsewhere" / name) == 2
    assert [row.path for row in read_manifest(tmp_path / "elsewhere" / name)] == [
        row.path for row in rows
    ]


def test_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = read_manifest(write(tmp_path, "path,label\na.wav,spoof\n"))
    write_manifest(rows, tmp_path / "1.csv.gz")
    write_manifest(rows, tmp_path / "2.csv.gz")
    assert (tmp_path / "1.csv.gz").read_bytes() == (tmp_path / "2.csv.gz").read_bytes()


def test_a_write_that_fails_leaves_the_old_manifest(tmp_path: Path) -> None:
    manifest = write(tmp_path, "path,label\na.wav,spoof\n")

    def broken() -> Iterator[Utterance]:
        yield from read_manifest(manifest)
        raise InputError("the second row is damaged")

    with pytest.raises(InputError):
        write_manifest(broken(), manifest)
    assert manifest.read_text() == "path,label\na.wav,spoof\n"
    assert list(tmp_path.iterdir()) == [manifest]


def test_missing_and_changed_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "b.wav").write_bytes(b"other")
    (tmp_path / "d.wav").write_bytes(b"whatever")
    lines = f"a.wav,spoof,{SHA}\nb.wav,spoof,{SHA}\nc.wav,spoof,{SHA}\nd.wav,spoof,\n"
    rows = read_manifest(write(tmp_path, f"path,label,sha256\n{lines}"))
    assert [what for _, what in find_damage(rows)] == ["", "changed", "missing", ""]
    assert file_sha256(tmp_path / "a.wav") == SHA


def corpus_and_made(tmp_path: Path) -> list[Path]:
    corpus = "path,label,clip_id,fold\nb/1.flac,bonafide,one,2\nspoof/1.flac,spoof,,0\n"
    made = (
        "path,label,clip_id,paired_with,fold\nspoof/1.flac,spoof,,one,2\n"
        "spoof/2.flac,spoof,two,spoof/1.flac,2\nspoof/3.flac,spoof,three,b/1.flac|two,2\n"
    )
    return [write(tmp_path / "corpus", corpus), write(tmp_path / "made", made)]


def test_several_manifests_are_one_with_ids_of_their_own(tmp_path: Path) -> None:
    rows = read_manifests(corpus_and_made(tmp_path))
    ids = [row.clip_id for row in rows]
    assert ids == ["one", "corpus/spoof/1.flac", "made/spoof/1.flac", "two", "three"]
    assert rows[2].path == tmp_path / "made" / "spoof" / "1.flac"


def test_pairs_are_found_at_home_first_and_then_in_the_others(tmp_path: Path) -> None:
    rows = {row.clip_id: row for row in read_manifests(corpus_and_made(tmp_path))}
    assert rows["made/spoof/1.flac"].pairs == ("one",)
    assert rows["two"].pairs == ("made/spoof/1.flac",)
    assert rows["three"].pairs == ("one", "two")


def test_rows_for_training_only_lose_their_folds(tmp_path: Path) -> None:
    corpus, made = corpus_and_made(tmp_path)
    rows = read_manifests([corpus], training_only=[made])
    assert [row.fold for row in rows] == [2, 0, NO_FOLD, NO_FOLD, NO_FOLD]


def test_one_manifest_is_read_as_it_is(tmp_path: Path) -> None:
    corpus, _ = corpus_and_made(tmp_path)
    assert read_manifests([corpus]) == read_manifest(corpus)
    assert read_manifests([]) == ()


def test_a_copy_of_nothing_that_is_known_is_refused(tmp_path: Path) -> None:
    _, made = corpus_and_made(tmp_path)
    other = write(tmp_path / "other", "path,label\nx.wav,spoof\n")
    with pytest.raises(InputError, match=r"2 copies name a clip that is in none.*from one: name"):
        read_manifests([made, other])


def test_one_id_in_two_manifests_is_refused(tmp_path: Path) -> None:
    text = "path,label,clip_id\nx.wav,spoof,x\n"
    with pytest.raises(InputError, match="clip id x stands twice"):
        read_manifests([write(tmp_path / "a", text), write(tmp_path / "b", text)])


def test_one_manifest_named_twice_is_refused(tmp_path: Path) -> None:
    corpus, _ = corpus_and_made(tmp_path)
    with pytest.raises(InputError, match="named twice"):
        read_manifests([corpus, tmp_path / "made" / ".." / "corpus" / "m.csv"])


def test_codec_and_replay_are_kinds_of_their_own(tmp_path: Path) -> None:
    (row,) = read_manifest(write(tmp_path, "path,label,kind\na.wav,spoof,replay\n"))
    assert (row.is_replay, row.is_codec) == (True, False)
    assert replace(row, kind="codec").is_codec
