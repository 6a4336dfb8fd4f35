"""Sound that is no speech, speech in odd channels, and every form that a recording comes in."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.vocabulary import FloatArray, MediaReport, Quality, Reason, TrackUse, VerdictKind
from tests.hostile import hostile_files as made
from tests.makers import (
    SAMPLE_RATE,
    encode,
    genuine_speech,
    music,
    noise,
    silence,
    square_wave,
    synthetic_sample,
    tone,
    write_wav,
)

Judge = Callable[[Path], MediaReport]
SPEECH_S = 6.0
VOICES = ("piper", "hibari")
LEAST_VOICED_S = 3.0  # of 6 s of speech, whatever it went through


def _dial_tone() -> FloatArray:
    return (tone(350, 6.0, 0.25) + tone(440, 6.0, 0.25)).astype(np.float32)


def _verdict(report: MediaReport) -> tuple[VerdictKind, Reason]:
    assert report.verdict is not None
    return report.verdict.kind, report.verdict.reason


def _use(report: MediaReport) -> list[tuple[TrackUse, ...]]:
    assert report.media is not None
    assert report.media.probe is not None
    return [track.channel_use for track in report.media.probe.tracks]


def _voiced_s(report: MediaReport) -> float:
    assert report.verdict is not None
    return report.verdict.voiced_s


@pytest.mark.parametrize(
    ("sound", "reasons"),
    [
        (silence(6.0), {Reason.SILENCE}),
        (np.full(6 * SAMPLE_RATE, 0.3, np.float32), {Reason.SILENCE}),  # DC
        (square_wave(200.0, 6.0), {Reason.CLIPPED}),
        (tone(440.0, 6.0), {Reason.TONE}),
        (tone(1000.0, 6.0, 0.01), {Reason.TONE}),
        (_dial_tone(), {Reason.TONE}),
        (music(3, 8.0), {Reason.MUSIC}),
        (music(4, 8.0), {Reason.MUSIC}),
        (noise(1, 6.0), {Reason.NOISE}),
        (noise(2, 6.0, 0.003), {Reason.NOISE}),
    ],
    ids=["silence", "dc", "square", "tone", "quiet", "dial", "music", "music2", "noise", "hiss"],
)
def test_what_is_no_speech_is_not_judged(
    sound: FloatArray, reasons: set[Reason], judge: Judge, tmp_path: Path
) -> None:
    kind, reason = _verdict(judge(write_wav(tmp_path / "sound.wav", sound)))
    assert kind is VerdictKind.NOT_APPLICABLE
    assert reason in reasons


@pytest.mark.parametrize("duration_s", [0.001, 0.2, 0.7, 0.95])
def test_under_a_second_of_voice_is_too_short(
    duration_s: float, judge: Judge, tmp_path: Path
) -> None:
    sound = made.speech(3.0)[SAMPLE_RATE // 2 :][: round(duration_s * SAMPLE_RATE)]
    kind, reason = _verdict(judge(write_wav(tmp_path / "short.wav", sound)))
    assert kind is VerdictKind.NOT_APPLICABLE
    assert reason is Reason.TOO_SHORT


def test_two_seconds_of_voice_are_little(judge: Judge, tmp_path: Path) -> None:
    sound = np.concatenate([made.speech(2.0), silence(10.0)])
    assert _verdict(judge(write_wav(tmp_path / "little.wav", sound))) == (
        VerdictKind.INCONCLUSIVE,
        Reason.LITTLE_VOICE,
    )


def test_a_video_without_sound_has_no_audio(judge: Judge, tmp_path: Path) -> None:
    assert _verdict(judge(made.video(tmp_path))) == (VerdictKind.NOT_APPLICABLE, Reason.NO_AUDIO)


def test_opposite_channels_do_not_cancel(judge: Judge, tmp_path: Path) -> None:
    sound = made.speech(SPEECH_S)
    report = judge(write_wav(tmp_path / "sound.wav", np.stack([sound, -sound], axis=1)))
    assert _use(report) == [(TrackUse.ANALYSED, TrackUse.COPY)]
    assert _voiced_s(report) > LEAST_VOICED_S


def test_a_silent_channel_does_not_halve_the_other(judge: Judge, tmp_path: Path) -> None:
    sound = made.speech(SPEECH_S)
    report = judge(write_wav(tmp_path / "sound.wav", np.stack([0 * sound, sound], axis=1)))
    assert _use(report) == [(TrackUse.SILENT, TrackUse.ANALYSED)]
    assert _voiced_s(report) > LEAST_VOICED_S


def test_dual_mono_is_judged_as_mono(judge: Judge, tmp_path: Path) -> None:
    sound = made.speech(SPEECH_S)
    mono = judge(write_wav(tmp_path / "mono.wav", sound))
    dual = judge(write_wav(tmp_path / "dual.wav", np.stack([sound, sound], axis=1)))
    assert _use(dual) == [(TrackUse.ANALYSED, TrackUse.COPY)]
    assert mono.verdict is not None
    assert dual.verdict is not None
    assert mono.verdict.llr == pytest.approx(dual.verdict.llr, abs=1e-3)


def test_an_echoing_room_is_remarked_on_and_said_where_there_is_a_judgement(
    judge: Judge, tmp_path: Path
) -> None:
    dry = made.speech(8.0)
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tail = np.random.default_rng(1).standard_normal(SAMPLE_RATE) * 10 ** (-3 * seconds / 0.9)
    tail /= np.sqrt(np.square(tail).sum())
    tail[0] += 0.7
    wet = np.convolve(dry, tail)[: len(dry)]
    wet = (0.5 * wet / np.abs(wet).max()).astype(np.float32)
    for name, sound, expected in (("dry", dry, False), ("wet", wet, True)):
        report = judge(write_wav(tmp_path / f"{name}.wav", sound))
        assert report.media is not None
        assert report.media.probe is not None
        assert ("reverberant" in report.media.probe.notes) is expected


def test_two_voices_at_once_are_flagged_and_nothing_is_decided(
    judge: Judge, tmp_path: Path
) -> None:
    first, second = (np.resize(synthetic_sample(system=name), 8 * SAMPLE_RATE) for name in VOICES)
    levels = (np.float32(0.05 / np.sqrt(np.square(voice).mean())) for voice in (first, second))
    first, second = (voice * level for voice, level in zip((first, second), levels, strict=True))
    alone = judge(write_wav(tmp_path / "alone.wav", first))
    both = judge(write_wav(tmp_path / "both.wav", first + second))
    for report, expected in ((alone, False), (both, True)):
        assert report.scores is not None
        flagged = (report.scores.facts.quality & Quality.OVERLAPPED_SPEECH) != 0
        assert (flagged.mean() > 0.5) == expected
        assert [model.role for model in report.models] == ["detector", "separator", "overlap"]
    assert _verdict(both) == (VerdictKind.INCONCLUSIVE, Reason.OVERLAPPED_SPEECH)
    assert _verdict(alone)[1] != Reason.OVERLAPPED_SPEECH


@pytest.mark.parametrize("level", [0.4, -0.9])
def test_a_second_that_stands_off_zero_does_not_hide_those_beside_it(
    level: float, judge: Judge, tmp_path: Path
) -> None:
    sound = (0.3 * made.speech(7.0)).astype(np.float32)
    plain = judge(write_wav(tmp_path / "plain.wav", sound)).scores
    sound[3 * SAMPLE_RATE : 4 * SAMPLE_RATE] = level
    shifted = judge(write_wav(tmp_path / "shifted.wav", sound)).scores
    assert plain is not None
    assert shifted is not None
    away = [0, 1, 5, 6]  # a second and more from the step: as if it were not there
    assert np.array_equal(shifted.facts.reason[away], plain.facts.reason[away])
    assert shifted.llr[away] == pytest.approx(plain.llr[away], abs=0.05, nan_ok=True)


@pytest.mark.parametrize("offset", [0.03, -0.1, 0.4])
def test_an_offset_of_the_sound_card_changes_no_verdict(
    offset: float, judge: Judge, tmp_path: Path
) -> None:
    sound = (0.5 * made.speech(SPEECH_S)).astype(np.float32)
    shifted = (sound + offset).astype(np.float32)
    plain = judge(write_wav(tmp_path / "plain.wav", sound)).verdict
    lifted = judge(write_wav(tmp_path / "lifted.wav", shifted)).verdict
    assert plain is not None
    assert lifted is not None
    assert (lifted.kind, lifted.voiced_s) == (plain.kind, plain.voiced_s)
    assert lifted.llr == pytest.approx(plain.llr, abs=0.2)


@pytest.mark.network
def test_a_telephone_call_with_one_speaker_a_channel_is_heard_on_both(
    judge: Judge, tmp_path: Path
) -> None:
    one, two = made.speech(SPEECH_S), genuine_speech(duration_s=SPEECH_S)
    report = judge(write_wav(tmp_path / "call.wav", np.stack([one, two], axis=1)))
    assert _use(report) == [(TrackUse.ANALYSED, TrackUse.ANALYSED)]
    assert _voiced_s(report) > 2 * LEAST_VOICED_S


@pytest.mark.parametrize("codec", ["ac3", "flac", "aac"])
def test_the_voice_in_the_centre_of_surround_sound_is_found(
    codec: str, judge: Judge, tmp_path: Path
) -> None:
    sound = made.speech(SPEECH_S)
    channels = [noise(number, SPEECH_S, 0.02) for number in range(6)]
    channels[2] = sound  # front left, front right, centre, …
    path = encode(tmp_path / "film.mkv", np.stack(channels, axis=1), "-c:a", codec, "-ar", "48000")
    assert _voiced_s(judge(path)) > LEAST_VOICED_S


def test_every_audio_track_is_looked_at(judge: Judge, tmp_path: Path) -> None:
    path = made.video(tmp_path, music(5, SPEECH_S), made.speech(SPEECH_S), name="film.mkv")
    report = judge(path)
    assert len(_use(report)) == 2
    assert _voiced_s(report) > LEAST_VOICED_S
    assert report.scores is not None
    scored = report.scores.facts.reason == Reason.NONE
    assert set(report.scores.facts.track[scored]) == {1}


@pytest.mark.parametrize("write", [made.chained, made.rate_changes, made.jumping_times])
def test_what_follows_a_change_of_rate_is_heard_or_missed_openly(
    write: Callable[[Path], Path], judge: Judge, tmp_path: Path
) -> None:
    report = judge(write(tmp_path))
    assert report.media is not None
    assert report.media.probe is not None
    heard_s = report.media.probe.tracks[0].decoded_duration_s or 0.0
    notes = set(report.media.probe.notes)
    assert heard_s == pytest.approx(8.0, abs=0.3) or notes & {"decode_errors", "incomplete"}


def test_an_edit_list_cannot_move_the_time_axis(judge: Judge, tmp_path: Path) -> None:
    report = judge(made.edit_list(tmp_path))
    assert report.scores is not None
    assert report.media is not None
    assert report.media.probe is not None
    decoded_s = report.media.probe.tracks[0].decoded_duration_s or 0.0
    assert 5.8 < decoded_s < 8.2
    assert report.scores.facts.end_s[-1] == pytest.approx(decoded_s, abs=0.11)


# name, ffmpeg's output options
FORMS = {
    "8k.wav": ("-ar", "8000"),
    "11k.wav": ("-ar", "11025", "-c:a", "pcm_u8"),
    "44k.wav": ("-ar", "44100", "-c:a", "pcm_s24le"),
    "48k.w64": ("-ar", "48000", "-c:a", "pcm_s32le"),
    "96k.flac": ("-ar", "96000",),
    "192k.wav": ("-ar", "192000", "-c:a", "pcm_f32le"),
    "double.wav": ("-c:a", "pcm_f64le"),
    "a-law.wav": ("-ar", "8000", "-c:a", "pcm_alaw"),
    "mu-law.au": ("-ar", "8000", "-c:a", "pcm_mulaw"),
    "aiff.aif": ("-ar", "44100"),
    "caf.caf": ("-c:a", "alac"),
    "voice.mp3": ("-b:a", "64k"),
    "vbr.mp3": ("-q:a", "5", "-write_xing", "0"),
    "voice.opus": ("-c:a", "libopus", "-b:a", "24k"),
    "voice.ogg": ("-c:a", "libvorbis"),
    "voice.m4a": ("-c:a", "aac", "-b:a", "64k"),
    "fragmented.mp4": ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "voice.aac": ("-c:a", "aac"),
    "voice.wma": ("-c:a", "wmav2"),
    "voice.amr": ("-ar", "8000", "-c:a", "libopencore_amrnb", "-b:a", "12.2k"),
    "voice.webm": ("-c:a", "libopus"),
    "voice.mka": ("-c:a", "ac3"),
    "voice.ts": ("-c:a", "mp2", "-ar", "48000"),
    "voice.flv": ("-c:a", "libmp3lame", "-ar", "44100"),
    "voice.avi": ("-c:a", "libmp3lame"),
    "voice.tta": ("-c:a", "tta"),
    "voice.wv": ("-c:a", "wavpack"),
    "ima.wav": ("-c:a", "adpcm_ima_wav"),
    "ms.wav": ("-c:a", "adpcm_ms"),
    "g722.wav": ("-c:a", "adpcm_g722"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_the_same_speech_is_heard_in_every_form(name: str, judge: Judge, tmp_path: Path) -> None:
    report = judge(encode(tmp_path / name, made.speech(SPEECH_S), *FORMS[name]))
    assert report.media is not None
    assert report.media.probe is not None
    assert report.media.probe.tracks[0].decoded_duration_s == pytest.approx(SPEECH_S, abs=0.15)
    assert set(report.media.probe.notes) <= {"duration_estimated", "low_bit_rate"}
    assert _voiced_s(report) > LEAST_VOICED_S
