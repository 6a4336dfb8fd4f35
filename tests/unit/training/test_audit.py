"""The audit finds a shortcut that was put there, and codec history where there is one."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.vocabulary import Label
from tests.makers import speech_like
from training.audit import (
    CODEC_HISTORY,
    CODEC_HISTORY_MADE,
    MEASURES,
    find_shortcuts,
    table_lines,
)
from training.codec_history import codec_cues, codec_history
from training.lossy_codecs import Codec, code_together
from training.manifests import Utterance

MP3 = Codec("mp3", ".mp3", ("-ar", "16000", "-c:a", "libmp3lame", "-b:a", "48k"))


def hissing(seed: int) -> np.ndarray:
    """Return something with sound up to 8 kHz, as speech has."""
    random = np.random.default_rng(seed)
    sound = speech_like(seed, 1.2)
    return (sound + 0.02 * np.abs(sound) * random.standard_normal(len(sound))).astype(np.float32)


def utterance(path: Path, label: Label, group: str) -> Utterance:
    genuine = label is Label.BONAFIDE
    source, system = (group, "") if genuine else ("made", group)
    return Utterance(path, label, source, path.stem, system, "", "en", path.stem, "", 0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Utterance]:
    """Return 16 utterances: the genuine ones were MP3 once, are louder and hold but 12 bits."""
    folder = tmp_path_factory.mktemp("audit")
    rows = []
    sounds = [hissing(seed) for seed in range(16)]
    coded = code_together(sounds[:8], MP3)
    for k, sound in enumerate([*coded, *sounds[8:]]):
        genuine = k < 8
        level = 0.5 if genuine else 0.1
        whole = np.round(level * sound / np.abs(sound).max() * 32767)
        if genuine:
            whole = np.round(whole / 16) * 16
        path = folder / f"{k}.wav"
        soundfile.write(path, whole.astype(np.int16), 16_000, subtype="PCM_16")
        label = Label.BONAFIDE if genuine else Label.SPOOF
        rows.append(utterance(path, label, f"{label.value}{k % 2}"))
    return rows


def test_planted_shortcuts_are_found_and_preparation_removes_level_and_depth(
    corpus: list[Utterance],
) -> None:
    steps: list[tuple[int, int]] = []
    shortcuts, codec_aucs = find_shortcuts(corpus, lambda done, total: steps.append((done, total)))
    found = {one.name: one for one in shortcuts}
    assert set(found) == {*MEASURES, CODEC_HISTORY, CODEC_HISTORY_MADE}
    assert set(codec_aucs) == {CODEC_HISTORY, CODEC_HISTORY_MADE}
    assert found["level, dB"].auc_before == 1.0
    assert found["level, dB"].auc_after < 0.9
    assert found["bit depth"].auc_before == 1.0
    assert found["bit depth"].auc_after < 0.8
    assert found["length, s"].auc_after == 0.5
    assert all(0.5 <= one.auc_before <= 1.0 for one in shortcuts)
    assert steps[-1] == (32, 32)
    assert len({line.count("|") for line in table_lines(shortcuts)}) == 1


def test_the_codec_detector_knows_codecs_in_sources_that_it_never_heard() -> None:
    sounds = [hissing(seed) for seed in range(24)]
    coded = code_together(sounds, MP3)
    plain_cues = [codec_cues(sound) for sound in sounds]
    coded_cues = [codec_cues(sound) for sound in coded]
    source = [f"s{seed % 4}" for seed in range(24)]
    found = codec_history(plain_cues, coded_cues, coded_cues, source)
    assert found.codec_auc > 0.9
    assert found.prepared_score.mean() > found.score.mean()


def test_one_source_cannot_be_left_out() -> None:
    cues = [codec_cues(hissing(0)), codec_cues(hissing(1))]
    with pytest.raises(ValueError, match="another"):
        codec_history(cues, cues, cues, ["a", "a"])
    with pytest.raises(ValueError, match="another"):
        codec_history(cues, cues, cues, ["a", "b"], [True, False])
