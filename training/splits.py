"""Splits without leaks: no system, speaker, pair or source on both sides.

Two rules, both proven on the real manifest by a test:

- `split_fold`: test = one fold; training = the other folds, minus every utterance whose system
  (aliases joined) occurs in the test fold, minus pairs whose other half is in it.
- `split_inner`: within the open folds also whole genuine sources are held out, with the copies
  that were made from them and the demo pages that have their voices. Everything that is chosen, is
  chosen on these.

Rows without a fold (manifests read as `training_only`, training/manifests.py) are never tested on,
and trained on where the same rules let them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.vocabulary import Label
from training.manifests import NO_FOLD, Utterance

CLOSED_FOLD = 4  # opened once per release, after all choices
OPEN_FOLDS = (0, 1, 2, 3)

# Names of one generator: other spellings, versions, number formats, its mode as a converter, and
# pipelines that are known by their first part. Joined too often costs a few clips of training,
# joined too seldom is a leak. Sought in lower case with hyphens for _ and blanks (`system_name`).
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        # Spellings and number formats.
        "hifi-gan": "hifigan",
        "hifigan-int8": "hifigan",
        "tacotron-2": "tacotron2",
        "griffin-lim": "griffinlim",
        "parallelwavegan": "parallel-wavegan",
        "espeak": "espeak-ng",
        "piper-tts": "piper",
        "kokoro-tts": "kokoro",
        "kokoro-82m": "kokoro",
        "pyworld": "world",
        # Versions and sizes of one model by its authors.
        "diffvc-plus": "diffvc",
        "vqvc-plus": "vqvc",
        "autovc-f0": "autovc",
        "lvc-vc-xl": "lvc_vc",
        "lvc-vc": "lvc_vc",
        "hierspeech": "hierspeechpp",
        "wavegrad2": "wavegrad",
        "fastspeech2": "fastspeech",
        "fastspeech2s": "fastspeech",
        "fcn-cdvae": "cdvae",
        "fb-melgan": "mb-melgan",  # one paper, full band and multi-band
        "sc-wavernn": "wavernn",
        "bighifigan": "hifigan",
        "wavenet-uncond": "wavenet",
        "lyra": "soundstream",  # version 2 of Lyra is SoundStream
        "xtts-v1.1": "xtts",
        "xtts-v2": "xtts",
        # One model synthesizing, converting or coding.
        "fastdiff-tts": "fastdiff",
        "fastspeech2-vc": "fastspeech",
        "hierspeechpp-vc": "hierspeechpp",
        "freecodec-vc": "freecodec",
        "mspeechtokenizer-vc": "mspeechtokenizer",
        "make-a-voice-vc": "make-a-voice",
        "starganv2-vc": "stargan-vc",
        # Models trained again in another language, and pipelines.
        "mandarin-fastspeech2": "fastspeech",
        "navi-fastspeech2-vi": "fastspeech",
        "fastspeech2-mbmelgan": "fastspeech",
        "tacotron2-mbmelgan": "tacotron2",
        "tacotron2-wavenet": "tacotron2",
        "tacotron2-griffinlim": "tacotron2",
        "bark-vocos": "bark",
        "vocos-encodec": "vocos",
        "hubert-hifigan": "hifigan",
        # The same attack twice (arXiv:1911.01601, table 1).
        "asvspoof2019-la-a16": "asvspoof2019-la-a04",
        "asvspoof2019-la-a19": "asvspoof2019-la-a06",
    }
)

# Genuine sources that are held out whole, by inner fold: each is unseen once, but for LJSpeech,
# whose one voice speaks on dozens of demo pages and would stay in the spoof class.
HELD_OUT_SOURCES: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        0: ("wakeword", "ktuberling"),
        1: ("korean", "librispeech"),
        2: ("voxceleb", "community", "emodb"),
        3: ("asterisk", "fillets", "fsdd"),
    }
)

# Demo pages with voices of a held-out source, told by the names of their files: LibriSpeech and
# LibriTTS number their readers, or the page says so. Pages that do not tell are not listed.
DEMO_PAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "librispeech": (
            "demo:AlanBaade/TextlessVoiceConversionNDUDemo",
            "demo:Stability-AI/stable-codec-demo",
            "demo:adaspeech/adaspeech.github.io",
            "demo:bigvgan-demo/bigvgan-demo.github.io",
            "demo:diffvc-fast-ml-solver/diffvc-fast-ml-solver.github.io",
            "demo:ditto-tts/ditto-tts.github.io",
            "demo:exercise-book-yq/FreeCodec-Demo",
            "demo:languagecodec/languagecodec.github.io",
            "demo:sh-lee-prml/HierSpeechpp-demo",
            "demo:simyoungjun/QR-VC-DEMO",
            "demo:towangjingxiang/EigenCodec-Demo",
        ),
    }
)


NEVER_HELD_OUT = ("ljspeech", "demo")  # demo references go by page


@dataclass(frozen=True, slots=True)
class Split:
    """What is trained on and what is tested on."""

    train: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


def system_name(utterance: Utterance) -> str:
    """Return the generator's one name, aliases joined; "" for genuine speech."""
    written = utterance.system.strip().lower()
    return ALIASES.get(written.replace("_", "-").replace(" ", "-"), written)


def group_name(utterance: Utterance) -> str:
    """Return what is balanced in training: the genuine source, or the generator."""
    if utterance.label is Label.BONAFIDE:
        return f"bonafide:{utterance.source}"
    return f"spoof:{system_name(utterance)}"


def split_fold(utterances: Sequence[Utterance], test_fold: int) -> Split:
    """Return the split that tests on a whole fold; see the module docstring for the rule.

    The closed fold is never trained on.
    """
    test = tuple(row for row in utterances if row.fold == test_fold)
    rest = [row for row in utterances if row.fold not in (test_fold, CLOSED_FOLD)]
    return Split(without_leaks(rest, test, utterances), test)


def split_inner(utterances: Sequence[Utterance], fold: int) -> Split:
    """Return the split that tests on a fold's spoof and on genuine sources never trained on.

    Test: the fold's spoof, the fold's genuine demo references, and all open utterances of the
    held-out sources: those listed, and those of other manifests that lie whole in the fold.
    Spoof copies of held-out speakers stay out of training.
    """
    held_out = {*HELD_OUT_SOURCES[fold], *_sources_of_one_fold(utterances, fold)}
    open_rows = [row for row in utterances if row.fold != CLOSED_FOLD]
    is_test = [
        row.fold != NO_FOLD
        and (
            row.source in held_out
            if row.label is Label.BONAFIDE and row.source != "demo"
            else row.fold == fold
        )
        for row in open_rows
    ]
    test = tuple(row for row, chosen in zip(open_rows, is_test, strict=True) if chosen)
    rest = [row for row, chosen in zip(open_rows, is_test, strict=True) if not chosen]
    # Copies of the closed fold's clips of a held-out source too: same voices, same room.
    made_from = _made_from(utterances)
    of_source = {row.clip_id for row in utterances if row.source in held_out}
    pages = {page for source in held_out for page in DEMO_PAGES.get(source, ())}
    rest = [
        row
        for row in rest
        if row.source not in held_out
        and row.speaker not in pages
        and made_from[row.clip_id].isdisjoint(of_source)
    ]
    return Split(without_leaks(rest, test, utterances), test)


def _sources_of_one_fold(utterances: Sequence[Utterance], fold: int) -> set[str]:
    """Return the genuine sources, of other manifests than the corpus, that lie in one fold whole."""
    folds: dict[str, set[int]] = {}
    for row in utterances:
        if row.label is Label.BONAFIDE and row.fold != NO_FOLD:
            folds.setdefault(row.source, set()).add(row.fold)
    listed = {source for sources in HELD_OUT_SOURCES.values() for source in sources}
    settled = {*listed, *NEVER_HELD_OUT}
    return {source for source, of in folds.items() if of == {fold} and source not in settled}


def split_release(utterances: Sequence[Utterance]) -> Split:
    """Return the split of a release: trained on the open folds, tested on the closed one.

    A system on both sides leaves the side that has fewer of its utterances, so that 4 utterances
    of a demo page do not cost the 230 of our own HiFi-GAN; then the rule of `split_fold` holds.
    """
    closed = [row for row in utterances if row.fold == CLOSED_FOLD]
    rest = [row for row in utterances if row.fold in (*OPEN_FOLDS, NO_FOLD)]
    n_closed = Counter(system_name(row) for row in closed)
    n_rest = Counter(system_name(row) for row in rest if row.fold != NO_FOLD)
    test = tuple(
        row
        for row in closed
        if row.label is Label.BONAFIDE or n_closed[system_name(row)] > n_rest[system_name(row)]
    )
    return Split(without_leaks(rest, test, utterances), test)


def without_leaks(
    rows: Sequence[Utterance], test: Sequence[Utterance], everything: Sequence[Utterance]
) -> tuple[Utterance, ...]:
    """Return the rows that share no system, speaker or pair with the test set.

    A copy of a copy counts as made from both.
    """
    made_from = _made_from(everything)
    systems = {system_name(row) for row in test} - {""}
    speakers = {row.speaker for row in test} - {""}
    test_ids = {row.clip_id for row in test}
    paired_ids = {clip_id for row in test for clip_id in made_from[row.clip_id]}
    return tuple(
        row
        for row in rows
        if system_name(row) not in systems
        and row.speaker not in speakers
        and row.clip_id not in paired_ids
        and made_from[row.clip_id].isdisjoint(test_ids)
    )


def _made_from(utterances: Sequence[Utterance]) -> dict[str, frozenset[str]]:
    """Return, by clip id, all clips that a clip was made from, directly or by way of others."""
    pairs = {row.clip_id: row.pairs for row in utterances}
    made_from: dict[str, frozenset[str]] = {}
    for clip_id in pairs:
        found: set[str] = set()
        waiting = list(pairs[clip_id])
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(pairs.get(name, ()))
        made_from[clip_id] = frozenset(found)
    return made_from
