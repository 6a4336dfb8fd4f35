"""ASVspoof 5, track 1: synthetic, converted and adversarial speech after crowdsourced recordings.

Source: https://zenodo.org/records/14498691. Licence: ODC-BY 1.0 (speech: Multilingual LibriSpeech,
CC-BY 4.0). Size: train 182 357, dev 140 950, eval 680 774 utterances, 16 kHz FLAC, some 100 GB.
Citation: X. Wang et al., "ASVspoof 5: Design, collection and validation of resources for spoofing,
deepfake, and adversarial attack detection using crowdsourced speech", arXiv:2502.08857, 2025.

Layout (the audio may also lie in `ASVspoof5_train/`, `_dev/`, `_eval/`, the protocols in
`ASVspoof5_protocols/`)::

    ASVspoof5.train.tsv   ASVspoof5.dev.track_1.tsv   ASVspoof5.eval.track_1.tsv
    flac_T/T_0000000000.flac   flac_D/D_...flac   flac_E_eval/E_...flac

The protocols are called tsv, but have white space between ten columns and no header: speaker,
file, gender, codec, its quality, the file that was coded, attack tag, attack, key, and one unused::

    T_4850 T_0000000000 F - - - AC3 A05 spoof -
    D_0461 D_0000000190 M - - - - bonafide bonafide -
    E_1607 E_0009538969 M C05 2 E_0009486171 AC1 A26 spoof -

Labels: `spoof` is an attack A01 to A32. Their numbers have nothing to do with those of 2019, so the
system is named `asvspoof5-a05`. A protocol does not say what an attack is: `KINDS` files each under
synthesis, conversion, or `adversarial` (the seven with a Malafide or Malacopula filter on top),
after the paper's table of attacks as we remember it; check it there before quoting a kind's figure.
A coded file has the words of the one that it was coded from (`condition`).
"""

from collections.abc import Iterator, Mapping
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

NAME = "asvspoof5"
LICENCE = "ODC-BY-1.0"
COLUMNS = (
    *("SPEAKER_ID", "FLAC_FILE_NAME", "SPEAKER_GENDER", "CODEC", "CODEC_Q", "CODEC_SEED"),
    *("ATTACK_TAG", "ATTACK_LABEL", "KEY", "TMP"),
)
# part -> protocol, folder of its audio
PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "train": ("ASVspoof5.train.tsv", "flac_T"),
        "dev": ("ASVspoof5.dev.track_1.tsv", "flac_D"),
        "eval": ("ASVspoof5.eval.track_1.tsv", "flac_E_eval"),
    }
)
_ATTACKS = tuple(f"A{number:02d}" for number in range(1, 33))
_CONVERSION = ("A13", "A15", "A16", "A24", "A25", "A26")
_ADVERSARIAL = ("A18", "A20", "A23", "A27", "A30", "A31", "A32")
KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_ATTACKS, "tts"),
        **dict.fromkeys(_CONVERSION, "vc"),
        **dict.fromkeys(_ADVERSARIAL, "adversarial"),
    }
)


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the protocols' utterances, train before dev before eval, files that are there.

    Raises:
        SourceNotFoundError: no protocol, or none of its files, is there.
        InputError: a line of a protocol is malformed, or names an unknown attack or key.
    """
    homes = (folder, folder / "ASVspoof5_protocols", folder / "protocols")
    lists = {
        part: next((home / name for home in homes if (home / name).is_file()), None)
        for part, (name, _) in PARTS.items()
    }
    if not any(lists.values()):
        raise not_found(folder, "ASVspoof 5", ", ".join(name for name, _ in PARTS.values()))
    for part, protocol in lists.items():
        if protocol is None:
            continue
        audio = folder / PARTS[part][1]
        if not audio.is_dir():
            audio = folder / f"ASVspoof5_{part}" / PARTS[part][1]
        present = list_names(audio)
        listed = Listed(protocol.name)
        for place, line in read_fields(protocol, COLUMNS):
            row = _row(line, audio, part, place)
            if listed.has(row.path, present):
                yield row
        listed.close()


def _row(line: Mapping[str, str], audio: Path, part: str, place: str) -> Utterance:
    """Return one line's row."""
    label = Label(pick({"bonafide": "bonafide", "spoof": "spoof"}, line["KEY"], place))
    attack = line["ATTACK_LABEL"]
    if (attack == "bonafide") != (label is Label.BONAFIDE):
        raise InputError(f"{place}: the attack {attack!r} does not go with the key {label.value}")
    is_spoof = label is Label.SPOOF
    return Utterance(
        path=inside(audio, f"{plain_name(line['FLAC_FILE_NAME'], place)}.flac", place),
        label=label,
        source=NAME,
        speaker=f"{NAME}:{line['SPEAKER_ID']}",
        system=f"{NAME}-{attack.lower()}" if is_spoof else "",
        kind=pick(KINDS, attack, place) if is_spoof else "",
        language="en",
        clip_id=f"{NAME}:{line['FLAC_FILE_NAME']}",
        paired_with="",
        fold=NO_FOLD,
        licence=LICENCE,
        origin="" if line["ATTACK_TAG"] == "-" else line["ATTACK_TAG"],
        part=part,
        condition=_condition(line),
    )


def _condition(line: Mapping[str, str]) -> str:
    """Return the codec, its quality and what was coded; "" for a file that was not."""
    if line["CODEC"] == "-":
        return ""
    return f"{line['CODEC']} q{line['CODEC_Q']} of {line['CODEC_SEED']}"
