"""ASVspoof 2019, logical access (LA: synthetic and converted) and physical access (PA: replayed).

Source: https://datashare.ed.ac.uk/handle/10283/3336. Licence: ODC-BY 1.0 (VCTK speech: CC-BY 4.0).
Size: LA 121 461 utterances of 78 speakers, 7.6 GB; PA 218 430, 16.5 GB; 16 kHz FLAC.
Citation: X. Wang et al., "ASVspoof 2019: A large-scale public database of synthesized, converted
and replayed speech", Computer Speech & Language 64, 2020, arXiv:1911.01601.

Layout (X = LA or PA)::

    X/ASVspoof2019_X_cm_protocols/ASVspoof2019.X.cm.train.trn.txt   dev.trl.txt   eval.trl.txt
    X/ASVspoof2019_X_train/flac/X_T_1138215.flac                    _dev/  _eval/

Protocol lines, white space between: speaker, file, environment, attack, key::

    LA_0079 LA_T_1138215 - - bonafide
    LA_0079 LA_T_1004644 - A01 spoof
    PA_0079 PA_T_0005401 aaa AA spoof

Labels: LA `spoof` is an attack A01 to A19 (kinds and systems: table 1 of the paper; A16 is A04 and
A19 is A06 again, told to the splits as aliases). PA `spoof` is a person's speech, recorded and
played again: spoof to a verifier, not synthetic, so its kind is `replay` and `is_replay` says so.
PA environments name room size, reverberation and distance (a to c each: `aaa`), PA attacks the
recorder's distance and the loudspeaker's quality (A to C each: `AA`). The parts share no speaker.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import InputError
from pipeline.vocabulary import Label
from training.datasets.layout import (
    Listed,
    inside,
    list_names,
    not_found,
    pick,
    plain_name,
    read_fields,
)
from training.manifests import NO_FOLD, Utterance

LICENCE = "ODC-BY-1.0"
PARTS = MappingProxyType({"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"})
COLUMNS = ("SPEAKER_ID", "AUDIO_FILE_NAME", "ENVIRONMENT_ID", "ATTACK_ID", "KEY")

# Attack -> (kind, what it is), after table 1 of arXiv:1911.01601. TTS_VC is speech synthesis whose
# output is converted: filed as vc, the last step that the ear hears.
LA_ATTACKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "A01": ("tts", "neural TTS, WaveNet"),
        "A02": ("tts", "neural TTS, WORLD vocoder"),
        "A03": ("tts", "neural TTS (Merlin), WORLD vocoder"),
        "A04": ("tts", "waveform concatenation (MaryTTS)"),
        "A05": ("vc", "VAE conversion, WORLD vocoder"),
        "A06": ("vc", "transfer function, spectral filtering"),
        "A07": ("tts", "neural TTS, WORLD vocoder and GAN filter"),
        "A08": ("tts", "neural TTS, neural source-filter"),
        "A09": ("tts", "LSTM TTS, Vocaine vocoder"),
        "A10": ("tts", "Tacotron 2, WaveRNN"),
        "A11": ("tts", "Tacotron 2, Griffin-Lim"),
        "A12": ("tts", "neural TTS, WaveNet"),
        "A13": ("vc", "TTS and conversion, waveform filtering"),
        "A14": ("vc", "TTS and conversion, STRAIGHT vocoder"),
        "A15": ("vc", "TTS and conversion, WaveNet"),
        "A16": ("tts", "waveform concatenation (MaryTTS), as A04"),
        "A17": ("vc", "VAE conversion, waveform filtering"),
        "A18": ("vc", "i-vector conversion, MFCC vocoder"),
        "A19": ("vc", "transfer function, spectral filtering, as A06"),
    }
)


def load_access(folder: Path, access: str) -> Iterator[Utterance]:
    """Yield the protocols' utterances, train before dev before eval, files that are there.

    Args:
        folder: what was unpacked: the folder LA or PA, or the one above it.
        access: `LA` or `PA`.

    Raises:
        SourceNotFoundError: no protocol, or none of its files, is there.
        InputError: a line of a protocol is malformed, or names an unknown attack or key.
    """
    root = folder if list_names(folder / f"ASVspoof2019_{access}_cm_protocols") else folder / access
    protocols = root / f"ASVspoof2019_{access}_cm_protocols"
    lists = {part: protocols / f"ASVspoof2019.{access}.cm.{PARTS[part]}.txt" for part in PARTS}
    there = {part: path for part, path in lists.items() if path.is_file()}
    if not there:
        expected = f"{access}/ASVspoof2019_{access}_cm_protocols/ASVspoof2019.{access}.cm.*.txt"
        raise not_found(folder, f"ASVspoof 2019 {access}", expected)
    for part, protocol in there.items():
        audio = root / f"ASVspoof2019_{access}_{part}" / "flac"
        present = list_names(audio)
        listed = Listed(protocol.name)
        for place, line in read_fields(protocol, COLUMNS):
            row = _row(line, audio, access, part, place)
            if listed.has(row.path, present):
                yield row
        listed.close()


load_logical = partial(load_access, access="LA")
load_physical = partial(load_access, access="PA")


def _row(line: Mapping[str, str], audio: Path, access: str, part: str, place: str) -> Utterance:
    """Return one line's row."""
    keys = {"bonafide": "bonafide", "spoof": "spoof"}
    label = Label(pick(keys, line["KEY"], place))
    attack = line["ATTACK_ID"]
    if (attack == "-") != (label is Label.BONAFIDE):
        raise InputError(f"{place}: the attack {attack!r} does not go with the key {label.value}")
    name = f"asvspoof2019-{access.lower()}"
    return Utterance(
        path=inside(audio, f"{plain_name(line['AUDIO_FILE_NAME'], place)}.flac", place),
        label=label,
        source=name,
        speaker=f"{name}:{line['SPEAKER_ID']}",
        system="" if attack == "-" else f"{name}-{attack.lower()}",
        kind="" if attack == "-" else _kind(attack, access, place),
        language="en",
        clip_id=f"{name}:{line['AUDIO_FILE_NAME']}",
        paired_with="",
        fold=NO_FOLD,
        licence=LICENCE,
        origin=LA_ATTACKS[attack][1] if access == "LA" and attack != "-" else "",
        part=part,
        condition="" if line["ENVIRONMENT_ID"] == "-" else f"room {line['ENVIRONMENT_ID']}",
    )


def _kind(attack: str, access: str, place: str) -> str:
    """Return what kind an attack is of."""
    if access == "LA":
        return pick({name: kind for name, (kind, _) in LA_ATTACKS.items()}, attack, place)
    if len(attack) != 2 or set(attack) - set("ABC"):
        raise InputError(f"{place}: {attack!r} is no replay attack: two letters of A, B, C")
    return "replay"
