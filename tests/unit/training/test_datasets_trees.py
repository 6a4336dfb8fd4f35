"""Data sets that are told by their folders, the registry, folds and the commands."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Label
from training.commands import datasets as commands
from training.datasets import DATA_SETS, load_data_set
from training.datasets.folds import N_FOLDS, assign_folds, fold_of
from training.datasets.librispeech import read_speakers
from training.datasets.timit import read_sphere_seconds
from training.manifests import NO_FOLD, Utterance, read_manifest

app = typer.Typer()
commands.register(app)


def sound(path: Path, kind: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = kind or path.suffix[1:].upper()
    soundfile.write(path, np.zeros(1600, np.float32), 16_000, format=kind, subtype="PCM_16")
    return path


def load(name: str, folder: Path) -> list[Utterance]:
    return list(load_data_set(name, folder))


def test_librispeech_names_readers_as_our_corpus_does(tmp_path: Path) -> None:
    home = tmp_path / "LibriSpeech"
    sound(home / "dev-clean" / "84" / "121123" / "84-121123-0000.flac")
    sound(home / "train-other-500" / "20" / "205" / "20-205-0000.flac")
    text = ";ID  |SEX| SUBSET\n84   | F | dev-clean | 8.0 | Christie Nowak\r\n"
    text += "20   | F | train-other-500 | 30.1 | A | B\n"
    (home / "SPEAKERS.TXT").write_text(text)
    dev, train = load("librispeech", tmp_path)
    assert (dev.speaker, dev.part, dev.condition) == ("librispeech:84", "dev", "dev-clean")
    assert (train.part, train.source, train.label) == ("train", "librispeech", Label.BONAFIDE)
    assert read_speakers(home / "SPEAKERS.TXT") == {"84": "dev-clean", "20": "train-other-500"}


def test_librispeech_names_a_file_in_another_readers_folder(tmp_path: Path) -> None:
    sound(tmp_path / "dev-clean" / "84" / "121123" / "85-121123-0000.flac")
    with pytest.raises(InputError, match="85-121123-0000"):
        load("librispeech", tmp_path)


def test_librispeech_names_a_reader_whom_the_list_does_not_have(tmp_path: Path) -> None:
    sound(tmp_path / "dev-clean" / "84" / "1" / "84-1-0000.flac")
    (tmp_path / "SPEAKERS.TXT").write_text("85 | F | dev-clean | 8.0 | Somebody\n")
    with pytest.raises(InputError, match="84 is not in SPEAKERS"):
        load("librispeech", tmp_path)


def test_timit_reads_sphere_headers(tmp_path: Path) -> None:
    sound(tmp_path / "TIMIT" / "TRAIN" / "DR1" / "FCJF0" / "SA1.WAV", "NIST")
    sound(tmp_path / "TIMIT" / "TEST" / "DR2" / "MABC0" / "SX1.WAV", "NIST")
    test, train = load("timit", tmp_path)
    assert (train.speaker, train.part, train.seconds) == ("timit:FCJF0", "train", 0.1)
    assert (test.clip_id, test.part) == ("timit:TEST/DR2/MABC0/SX1", "eval")
    assert soundfile.read(train.path)[1] == 16_000


def test_timit_takes_the_riff_copy_where_there_are_both(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "train" / "dr1" / "fcjf0"
    sound(folder / "sa1.wav", "NIST")
    sound(folder / "sa1.wav.wav", "WAV")
    (row,) = load("timit", tmp_path)
    assert row.path.name == "sa1.wav.wav"
    assert row.clip_id == "timit:TRAIN/DR1/FCJF0/SA1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("sample_coding -s26 pcm,embedded-shorten-v2.00\n", "sph2pipe"),
        ("sample_rate -i 16000\n", "no sample_count"),
        ("sample_rate -i 0\nsample_count -i 5\n", "no sample_count"),
        ("sample_rate -i x\nsample_count -i 5\n", "no sample_count"),
    ],
)
def test_a_sphere_header_that_cannot_be_used_is_named(
    tmp_path: Path, fields: str, words: str
) -> None:
    path = tmp_path / "SA1.WAV"
    path.write_bytes(f"NIST_1A\n   1024\n{fields}end_head\n".encode().ljust(1024))
    with pytest.raises(InputError, match=words):
        read_sphere_seconds(path)


def test_a_riff_file_has_no_sphere_header(tmp_path: Path) -> None:
    assert read_sphere_seconds(sound(tmp_path / "a.wav")) is None


def test_timit_names_a_file_outside_its_folders(tmp_path: Path) -> None:
    sound(tmp_path / "TRAIN" / "SA1.wav")
    with pytest.raises(InputError, match=r"TRAIN/SA1\.wav: expected TRAIN/DR"):
        load("timit", tmp_path)


def test_kspon_speech_stands_for_speakers_by_its_folders(tmp_path: Path) -> None:
    raw = tmp_path / "KsponSpeech_01" / "KsponSpeech_0001" / "KsponSpeech_000001.pcm"
    raw.parent.mkdir(parents=True)
    raw.write_bytes(bytes(32_000))
    sound(tmp_path / "KsponSpeech_eval" / "eval_clean" / "KsponSpeech_E00001.wav")
    first, second = load("ai-hub", tmp_path)
    assert (first.speaker, first.seconds) == ("ai-hub:kspon:KsponSpeech_0001", 1.0)
    assert (first.language, second.part) == ("ko", "eval")


AI_HUB_LABELS = {
    "r1": {"발화정보": {"fileNm": "일반 남여.wav"}, "녹음자정보": {"recorderId": "r1"}},
    "s2": {"파일정보": {"FileName": "a/일반 남여.wav"}, "화자정보": {"SpeakerName": "s2"}},
    "7": {"기본정보": {"NumberOfSpeaker": 7}, "음성정보": {"FileName": "일반 남여.wav"}},
    "d4": {"dataSet": {"typeInfo": {"speakers": [{"id": "d4"}]}}},
}


@pytest.mark.parametrize(("speaker", "label"), AI_HUB_LABELS.items())
def test_each_json_label_of_ai_hub_is_understood(
    tmp_path: Path, speaker: str, label: dict[str, object]
) -> None:
    sound(tmp_path / "Validation" / "[원천]1.AI챗봇" / "일반 남여.wav")
    name = "일반 남여" if speaker == "d4" else "other name"
    path = tmp_path / "Validation" / "[라벨]1.AI챗봇" / f"{name}.json"
    path.parent.mkdir()
    path.write_text("\ufeff" + json.dumps(label), encoding="utf-8")
    (row,) = load("ai-hub", tmp_path)
    assert (row.speaker, row.part) == (f"ai-hub:{speaker}", "dev")


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "not JSON"), ('{"발화정보": []}', "does not say who speaks"), ("[]", "who speaks")],
)
def test_a_label_of_ai_hub_that_says_nothing_is_named(
    tmp_path: Path, content: str, words: str
) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load("ai-hub", tmp_path)


def test_blizzard_has_letters_for_systems_and_a_for_people(tmp_path: Path) -> None:
    year = tmp_path / "blizzard_wavs_and_scores_2013_release_version_2"
    sound(year / "A" / "submission_directory" / "2013" / "EH1" / "wavs" / "x.wav")
    sound(year / "B" / "submission_directory" / "2013" / "IH1.3" / "x.wav")
    natural, entry = load("blizzard", tmp_path)
    assert (natural.label, natural.speaker) == (Label.BONAFIDE, "blizzard2013:EH1")
    assert (natural.language, natural.system) == ("en", "")
    assert (entry.system, entry.kind, entry.speaker) == (
        "blizzard2013-b",
        "tts",
        "blizzard2013:IH1.3",
    )


def test_blizzard_finds_letters_deep_down_and_wants_natural_speech(tmp_path: Path) -> None:
    year = tmp_path / "blizzard_wavs_and_scores_2012"
    sound(year / "afs" / ".inf" / "x.wav")
    sound(year / "afs" / "group" / "full_distribution" / "C" / "x.wav")
    with pytest.raises(InputError, match="no folder A"):
        load("blizzard", tmp_path)


def test_class_folders_have_systems_and_speakers_below(tmp_path: Path) -> None:
    sound(tmp_path / "set" / "training" / "Real" / "anna b" / "1.wav")
    sound(tmp_path / "set" / "training" / "fake" / "WaveGlow" / "1.wav")
    sound(tmp_path / "set" / "testing" / "fake" / "2.wav")
    rows = {row.clip_id: row for row in load("class-folders", tmp_path / "set")}
    assert rows["set:training/Real/anna b/1.wav"].speaker == "set:anna b"
    assert rows["set:training/fake/WaveGlow/1.wav"].system == "waveglow"
    unnamed = rows["set:testing/fake/2.wav"]
    assert (unnamed.system, unnamed.kind, unnamed.part) == ("set-unknown", "unknown", "eval")


def test_a_folder_that_is_no_class_is_named(tmp_path: Path) -> None:
    for name in ("real", "fake", "perhaps"):
        sound(tmp_path / name / "1.wav")
    with pytest.raises(InputError, match="the folder perhaps is no class"):
        load("class-folders", tmp_path)


def test_one_class_alone_is_no_data_set(tmp_path: Path) -> None:
    sound(tmp_path / "real" / "1.wav")
    with pytest.raises(SourceNotFoundError, match="found: real/"):
        load("class-folders", tmp_path)


@pytest.mark.parametrize(
    ("name", "folders"),
    [
        ("noise-speaker-class", "babble/anna/fake"),
        ("speaker-class-noise", "anna/fake/babble"),
        ("class-noise-speaker", "fake/babble/anna"),
    ],
)
def test_nested_folders_are_read_in_the_stated_order(
    tmp_path: Path, name: str, folders: str
) -> None:
    sound(tmp_path / "t" / folders / "deeper" / "1.wav")
    (row,) = load(name, tmp_path / "t")
    assert (row.condition, row.speaker, row.label) == ("babble", "t:anna", Label.SPOOF)


def test_nested_folders_in_another_order_are_named(tmp_path: Path) -> None:
    sound(tmp_path / "babble" / "anna" / "fake" / "1.wav")
    with pytest.raises(InputError, match=r"'babble' is no class.*is the order another"):
        load("class-speaker-noise", tmp_path)


def test_a_file_that_is_not_deep_enough_is_named(tmp_path: Path) -> None:
    sound(tmp_path / "babble" / "1.wav")
    with pytest.raises(InputError, match=r"babble/1\.wav does not lie in noise/speaker/class/"):
        load("noise-speaker-class", tmp_path)


@pytest.mark.parametrize("above", ["", "audio", "16000_pcm_speeches"])
def test_kaggle_speakers_leave_noise_out(tmp_path: Path, above: str) -> None:
    sound(tmp_path / above / "Nelson_Mandela" / "0.wav")
    sound(tmp_path / above / "_background_noise_" / "claps.wav")
    sound(tmp_path / above / "other" / "exercise_bike.wav")
    (row,) = load("kaggle-speakers", tmp_path)
    assert (row.speaker, row.label) == ("kaggle-speakers:Nelson_Mandela", Label.BONAFIDE)


def test_our_corpus_is_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,label,fold\na.wav,spoof,3\n")
    (row,) = load("corpus", tmp_path)
    assert (row.path, row.fold) == (tmp_path / "a.wav", 3)


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_folder_with_something_else_is_told_what_was_expected_and_found(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "readme 가.txt").touch()
    with pytest.raises(SourceNotFoundError, match=r"expected: .*; found: notes/, readme 가\.txt"):
        load(name, tmp_path)


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceNotFoundError, match="is no folder"):
        load(name, tmp_path / "nowhere")


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_loader_says_where_its_data_come_from(name: str) -> None:
    result = CliRunner().invoke(app, ["manifest", "sets", name])
    said = result.output.lower()
    assert result.exit_code == 0
    assert [
        word for word in ("source", "licence", "size", "citation", "label") if word not in said
    ] == []
    assert "layout" in said


def test_an_unknown_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set 'vctk'; there are corpus"):
        load("vctk", tmp_path)


def test_hidden_files_and_circles_of_links_are_no_matter(tmp_path: Path) -> None:
    sound(tmp_path / "real" / "1.wav")
    sound(tmp_path / "real" / "._1.wav")
    sound(tmp_path / "fake" / "1.wav")
    (tmp_path / "fake" / "again").symlink_to(tmp_path / "fake", target_is_directory=True)
    assert len(load("class-folders", tmp_path)) == 2


def test_rows_come_before_the_walk_ends(tmp_path: Path) -> None:
    sound(tmp_path / "a" / "b" / "real" / "1.wav")
    sound(tmp_path / "z" / "1.wav")
    rows = load_data_set("noise-speaker-class", tmp_path)
    assert next(rows).speaker.endswith(":b")
    with pytest.raises(InputError):
        next(rows)


def row_with(speaker: str, system: str, clip_id: str = "c") -> Utterance:
    label = Label.SPOOF if system else Label.BONAFIDE
    return Utterance(Path("x"), label, "s", speaker, system, "", "", clip_id, "", NO_FOLD)


def test_folds_are_by_speaker_and_by_system_with_aliases_joined() -> None:
    assert fold_of(row_with("anna", "", "1")) == fold_of(row_with("anna", "", "2"))
    assert fold_of(row_with("anna", "HiFi-GAN")) == fold_of(row_with("bert", "hifigan-int8"))
    assert fold_of(row_with("librispeech:84", "")) == 3
    assert fold_of(row_with("x", "hifigan")) == 4


def test_folds_of_many_speakers_are_even_and_stated_ones_stay() -> None:
    rows = [row_with(f"speaker {number}", "") for number in range(2000)]
    folds = [row.fold for row in assign_folds(rows)]
    assert min(folds.count(fold) for fold in range(N_FOLDS)) > 340
    assert [row.fold for row in assign_folds(assign_folds(rows))] == folds


def test_the_commands_write_a_manifest_and_find_what_was_damaged_later(tmp_path: Path) -> None:
    sound(tmp_path / "in" / "real" / "anna" / "1.wav")
    changed = sound(tmp_path / "in" / "fake" / "world" / "1.wav")
    out = tmp_path / "out.csv.gz"
    runner = CliRunner()
    made = runner.invoke(
        app,
        ["manifest", "from", "class-folders", str(tmp_path / "in"), "--out", str(out), "--hash"],
    )
    assert made.exit_code == 0, made.output
    assert "2 utterances (1 bona fide, 1 spoof), 1 speakers, 1 systems" in made.output
    assert all(row.sha256 and row.fold != NO_FOLD for row in read_manifest(out))
    check = ["manifest", "check", "--manifest", str(out)]
    assert "2 files have the same bytes" not in runner.invoke(app, check).output
    assert runner.invoke(app, check).exit_code == 0
    changed.write_bytes(b"something else")
    (tmp_path / "in" / "real" / "anna" / "1.wav").unlink()
    result = runner.invoke(app, check)
    assert result.exit_code == 1
    assert f"changed: {changed}" in result.output
    assert "1 missing, 1 changed" in result.output


def test_a_command_that_is_given_the_wrong_folder_says_so_and_writes_nothing(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.csv"
    result = CliRunner().invoke(
        app, ["manifest", "from", "timit", str(tmp_path), "--out", str(out)]
    )
    assert result.exit_code == 2
    assert "holds no TIMIT; expected" in result.output
    assert not out.exists()


@pytest.mark.parametrize("words", [[], ["from"], ["check"], ["sets"]])
def test_every_command_has_help_and_an_example(words: list[str]) -> None:
    result = CliRunner().invoke(app, ["manifest", *words, "--help"])
    assert result.exit_code == 0
    assert not words or "Example: python -m training manifest" in result.output
