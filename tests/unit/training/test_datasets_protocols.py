"""Data sets with lists of their own: each line becomes a row, a damaged one is named."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import InputError, SourceNotFoundError
from pipeline.vocabulary import Label
from training.datasets import asvspoof_5, asvspoof_2019, load_data_set
from training.datasets.deep_voice import FEATURES, read_features
from training.manifests import Utterance
from training.splits import system_name


def sound(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = "WAV" if path.suffix.lower() == ".wav" else path.suffix[1:].upper()
    soundfile.write(path, np.zeros(160, np.float32), 16_000, format=kind)
    return path


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())


def load(name: str, folder: Path) -> list[Utterance]:
    return list(load_data_set(name, folder))


def asvspoof_2019_tree(folder: Path, access: str, part: str, lines: str) -> None:
    ending = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}[part]
    protocols = folder / access / f"ASVspoof2019_{access}_cm_protocols"
    text(protocols / f"ASVspoof2019.{access}.cm.{ending}.txt", lines)
    for line in lines.splitlines():
        if len(line.split()) == 5 and "/" not in line:
            name = f"{line.split()[1]}.flac"
            sound(folder / access / f"ASVspoof2019_{access}_{part}" / "flac" / name)


def test_asvspoof_2019_logical_access_names_each_attack_with_its_kind(tmp_path: Path) -> None:
    train = "LA_0079 LA_T_1138215 - - bonafide\r\nLA_0079 LA_T_1004644 - A01 spoof\r\n"
    asvspoof_2019_tree(tmp_path, "LA", "train", "\ufeff" + train)
    asvspoof_2019_tree(tmp_path, "LA", "eval", "LA_0039 LA_E_2834763 - A17 spoof\n")
    genuine, first, last = load("asvspoof2019-la", tmp_path)
    assert (genuine.label, genuine.system, genuine.kind) == (Label.BONAFIDE, "", "")
    assert (first.system, first.kind, first.part) == ("asvspoof2019-la-a01", "tts", "train")
    assert (last.system, last.kind, last.part) == ("asvspoof2019-la-a17", "vc", "eval")
    assert first.speaker == genuine.speaker == "asvspoof2019-la:LA_0079"
    assert first.path.name == "LA_T_1004644.flac"
    assert load("asvspoof2019-la", tmp_path / "LA") == [genuine, first, last]


def test_asvspoof_2019_has_nineteen_attacks_of_which_two_come_twice(tmp_path: Path) -> None:
    lines = "".join(f"LA_1 LA_E_{n} - A{n:02d} spoof\n" for n in range(1, 20))
    asvspoof_2019_tree(tmp_path, "LA", "eval", lines)
    rows = load("asvspoof2019-la", tmp_path)
    assert len({row.system for row in rows}) == 19
    assert len({system_name(row) for row in rows}) == 17
    assert sum(row.kind == "vc" for row in rows) == 8
    assert len(asvspoof_2019.LA_ATTACKS) == 19


def test_asvspoof_2019_replay_is_a_kind_of_its_own(tmp_path: Path) -> None:
    lines = "PA_0079 PA_T_0000001 aaa - bonafide\nPA_0079 PA_T_0005401 acb AC spoof\n"
    asvspoof_2019_tree(tmp_path, "PA", "train", lines)
    genuine, replayed = load("asvspoof2019-pa", tmp_path)
    assert (genuine.condition, genuine.kind) == ("room aaa", "")
    assert (replayed.condition, replayed.system) == ("room acb", "asvspoof2019-pa-ac")
    assert replayed.is_replay


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("LA_1 LA_T_1 - bonafide", r"train\.trn\.txt, line 2: 4 columns where 5"),
        ("LA_1 LA_T_1 - A01 fake", "'fake' is none of bonafide, spoof"),
        ("LA_1 LA_T_1 - A20 spoof", "'A20' is none of A01"),
        ("LA_1 LA_T_1 - - spoof", "does not go with the key spoof"),
        ("LA_1 LA_T_1 - A01 bonafide", "does not go with the key bonafide"),
        ("LA_1 ../../../secret - A01 spoof", "does not lie in the data set's folder"),
        ("LA_1 /etc/secret - A01 spoof", "does not lie in the data set's folder"),
        ("LA_1 sub/LA_T_1 - A01 spoof", "without a folder"),
        ("LA_1 LA_T_0 - A01 spoof", "LA_T_0 stands twice"),
    ],
)
def test_asvspoof_2019_names_a_malformed_line(tmp_path: Path, line: str, words: str) -> None:
    good = "LA_0 LA_T_0 - A01 spoof\n"
    asvspoof_2019_tree(tmp_path, "LA", "train", f"{good}{line}\n")
    with pytest.raises(InputError, match=words):
        load("asvspoof2019-la", tmp_path)


def test_listed_files_that_are_not_there_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asvspoof_2019_tree(tmp_path, "LA", "dev", "LA_1 LA_D_1 - - bonafide\n")
    protocol = next(tmp_path.rglob("*.txt"))
    protocol.write_text("LA_1 LA_D_1 - - bonafide\nLA_1 LA_D_2 - - bonafide\n")
    assert [row.clip_id for row in load("asvspoof2019-la", tmp_path)] == ["asvspoof2019-la:LA_D_1"]
    assert caplog.records[0].__dict__["n_missing"] == 1


def test_a_list_without_any_of_its_files_is_an_error(tmp_path: Path) -> None:
    asvspoof_2019_tree(tmp_path, "LA", "dev", "LA_1 LA_D_1 - - bonafide\n")
    next(tmp_path.rglob("*.flac")).unlink()
    with pytest.raises(SourceNotFoundError, match="lists 1 files and this folder has none"):
        load("asvspoof2019-la", tmp_path)


ASVSPOOF_5 = {
    "ASVspoof5.train.tsv": "T_4850 T_0000000000 F - - - AC3 A05 spoof -\n",
    "ASVspoof5.dev.track_1.tsv": (
        "D_4461 D_0000000169 F - - - AC1 A14 spoof -\n"
        "D_0461 D_0000000190 M - - - - bonafide bonafide -\n"
    ),
    "ASVspoof5.eval.track_1.tsv": (
        "E_1607 E_0009538969 M C05 2 E_0009486171 AC1 A26 spoof -\n"
        "E_1607 E_0009538970 M - - - AC1 A30 spoof -\n"
    ),
}
ASVSPOOF_5_AUDIO = {"T": "flac_T", "D": "flac_D", "E": "flac_E_eval"}


@pytest.mark.parametrize("split_up", [False, True])
def test_asvspoof_5_is_read_in_both_layouts(tmp_path: Path, *, split_up: bool) -> None:
    homes = {"T": "ASVspoof5_train", "D": "ASVspoof5_dev", "E": "ASVspoof5_eval"}
    for name, lines in ASVSPOOF_5.items():
        text(tmp_path / ("ASVspoof5_protocols" if split_up else "") / name, lines)
        for line in lines.splitlines():
            part = line[0]
            home = tmp_path / homes[part] if split_up else tmp_path
            sound(home / ASVSPOOF_5_AUDIO[part] / f"{line.split()[1]}.flac")
    rows = load("asvspoof5", tmp_path)
    assert [row.part for row in rows] == ["train", "dev", "dev", "eval", "eval"]
    assert [row.kind for row in rows] == ["tts", "tts", "", "vc", "adversarial"]
    assert rows[0].system == "asvspoof5-a05"
    assert rows[3].condition == "C05 q2 of E_0009486171"
    assert (rows[2].label, rows[2].speaker) == (Label.BONAFIDE, "asvspoof5:D_0461")


def test_asvspoof_5_has_seven_adversarial_attacks() -> None:
    assert sum(kind == "adversarial" for kind in asvspoof_5.KINDS.values()) == 7
    assert len(asvspoof_5.KINDS) == 32


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("T_1 T_1 F - - - AC3 A05 spoof", "9 columns where 10"),
        ("T_1 T_1 F - - - AC3 A33 spoof -", "'A33' is none of"),
        ("T_1 T_1 F - - - AC3 bonafide spoof -", "does not go with"),
        ("T_1 ..\\..\\x F - - - AC3 A05 spoof -", "does not lie in"),
    ],
)
def test_asvspoof_5_names_a_malformed_line(tmp_path: Path, line: str, words: str) -> None:
    text(tmp_path / "ASVspoof5.train.tsv", f"{line}\n")
    (tmp_path / "flac_T").mkdir()
    with pytest.raises(InputError, match=words):
        load("asvspoof5", tmp_path)


def test_in_the_wild_reads_meta_csv(tmp_path: Path) -> None:
    home = tmp_path / "release_in_the_wild"
    lines = "file,speaker,label\r\n0.wav,Alec Guinness,spoof\r\n1.wav,김 연아,bona-fide\r\n"
    text(home / "meta.csv", lines)
    sound(home / "0.wav")
    sound(home / "1.wav")
    fake, genuine = load("in-the-wild", tmp_path)
    assert (fake.label, fake.speaker) == (Label.SPOOF, "in-the-wild:Alec Guinness")
    assert (fake.system, fake.kind) == ("in-the-wild-unknown", "unknown")
    assert (genuine.label, genuine.speaker) == (Label.BONAFIDE, "in-the-wild:김 연아")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("file,speaker,label\n0.wav,x,maybe\n", "'maybe' is none of"),
        ("file,speaker,label\n0.wav,x\n", "line 2: no value in column label"),
        ("file,who,label\n0.wav,x,spoof\n", "no column speaker; it has file, who, label"),
        ("file,speaker,label\n../0.wav,x,spoof\n", "does not lie in"),
        ("file,speaker,label\n0.wav,x,spoof\n0.wav,x,spoof\n", "stands twice"),
    ],
)
def test_in_the_wild_names_a_malformed_row(tmp_path: Path, lines: str, words: str) -> None:
    text(tmp_path / "meta.csv", lines)
    sound(tmp_path / "0.wav")
    with pytest.raises(InputError, match=words):
        load("in-the-wild", tmp_path)


MLAAD = (
    "path|original_file|language|is_original_language|duration|training_data|model_name"
    "|architecture|transcript\n"
    "./fake/de/tts_models_de_thorsten_vits/a_f000001.wav|de_DE/by_book/female/eva_k/a_f000001.wav"
    '|de|True|2.5|thorsten|tts_models/de/thorsten/vits|VITS|Er sagte: "nein\n'
)


def test_mlaad_reads_each_model_and_m_ailabs_beside_it(tmp_path: Path) -> None:
    model = tmp_path / "fake" / "de" / "tts_models_de_thorsten_vits"
    text(model / "meta.csv", MLAAD)
    sound(model / "a_f000001.wav")
    sound(tmp_path / "fake" / "ko" / "model without meta" / "x.wav")
    book = Path("M-AILABS/de_DE/by_book/female/eva_k/kleine_lord/wavs")
    sound(tmp_path / book / "kleine_lord_01_f000001.wav")
    fake, walked, genuine = load("mlaad", tmp_path)
    assert (fake.system, fake.kind, fake.language, fake.seconds) == ("vits", "tts", "de", 2.5)
    assert fake.origin == "tts_models/de/thorsten/vits"
    assert (walked.system, walked.language) == ("model-without-meta", "ko")
    assert (genuine.speaker, genuine.language) == ("m-ailabs:de_DE/female/eva_k", "de")
    assert genuine.label is Label.BONAFIDE


def test_mlaad_names_a_length_that_is_none(tmp_path: Path) -> None:
    model = tmp_path / "fake" / "de" / "m"
    text(model / "meta.csv", MLAAD.replace("|2.5|", "|long|"))
    sound(model / "a_f000001.wav")
    with pytest.raises(InputError, match=r"meta\.csv, line 2: the duration 'long'"):
        load("mlaad", tmp_path)


def test_deep_voice_pairs_each_conversion_with_the_recording_it_was_made_from(
    tmp_path: Path,
) -> None:
    audio = tmp_path / "KAGGLE" / "AUDIO"
    sound(audio / "REAL" / "biden-original.wav")
    sound(audio / "FAKE" / "biden-to-Obama.wav")
    sound(tmp_path / "DEMONSTRATION" / "linus-original-DEMO.wav")
    genuine, fake = load("deep-voice", tmp_path)
    assert (genuine.label, genuine.speaker) == (Label.BONAFIDE, "deep-voice:biden")
    assert (fake.speaker, fake.system, fake.kind) == ("deep-voice:obama", "rvc", "vc")
    assert fake.paired_with == genuine.clip_id


def feature_row(label: str, value: str = "0.5") -> str:
    return ",".join([*([value] * len(FEATURES)), label])


def test_the_feature_table_of_deep_voice_is_read(tmp_path: Path) -> None:
    table = tmp_path / "DATASET-balanced.csv"
    header = ",".join((*FEATURES, "LABEL"))
    text(table, f"{header}\r\n{feature_row('FAKE')}\r\n{feature_row('REAL', '2')}\r\n")
    read = read_features(table)
    assert read.values.shape == (2, 26)
    assert read.labels == (Label.SPOOF, Label.BONAFIDE)
    assert read.values[1, 0] == 2.0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (feature_row("MAYBE"), "line 2: LABEL 'MAYBE'"),
        (feature_row("FAKE", "x"), "line 2: a feature is no number"),
        (feature_row("FAKE", "nan"), "not finite"),
        ("0.5,0.5", "no value in column"),
    ],
)
def test_a_damaged_feature_table_is_named(tmp_path: Path, row: str, words: str) -> None:
    table = tmp_path / "DATASET-balanced.csv"
    text(table, f"{','.join((*FEATURES, 'LABEL'))}\n{row}\n")
    with pytest.raises(InputError, match=words):
        read_features(table)


COMMON_VOICE = "client_id\tpath\tsentence\tup_votes\tdown_votes\tlocale\n"


def test_common_voice_takes_validated_clips_with_their_part_and_length(tmp_path: Path) -> None:
    home = tmp_path / "cv-corpus-25.0" / "ko"
    one = 'c1\tcommon_voice_ko_1.mp3\t"Er sagte: nein\t2\t0\tko\n'
    two = "c2\tcommon_voice_ko_2.mp3\t둘\t2\t0\tko\n"
    text(home / "validated.tsv", COMMON_VOICE + one + two)
    text(home / "test.tsv", COMMON_VOICE + two)
    text(home / "clip_durations.tsv", "clip\tduration[ms]\ncommon_voice_ko_1.mp3\t2500\n")
    for number in (1, 2, 3):
        (home / "clips").mkdir(exist_ok=True)
        (home / "clips" / f"common_voice_ko_{number}.mp3").touch()
    first, second = load("common-voice", tmp_path)
    assert (first.speaker, first.part, first.seconds) == ("common-voice:c1", "", 2.5)
    assert (second.part, second.language, second.label) == ("eval", "ko", Label.BONAFIDE)
    assert load("common-voice", home) == [first, second]


def test_common_voice_refuses_clips_elsewhere(tmp_path: Path) -> None:
    text(tmp_path / "validated.tsv", f"{COMMON_VOICE}c1\t../x.mp3\ttext\t2\t0\tko\n")
    (tmp_path / "clips").mkdir()
    with pytest.raises(InputError, match="does not lie in"):
        load("common-voice", tmp_path)


def test_a_list_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "meta.csv").write_bytes(b"file,speaker,label\n0.wav,Andr\xe9,spoof\n")
    with pytest.raises(InputError, match=r"meta\.csv is not UTF-8"):
        load("in-the-wild", tmp_path)
