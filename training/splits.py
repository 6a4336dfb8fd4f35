"""Splits without leaks: no system, speaker, pair or source on both sides.

Two rules, both proven on the real manifest by a test:

- `split_fold`: test = one fold; training = the other folds, minus every utterance whose system
  (aliases joined) occurs in the test fold, minus pairs whose other half is in it.
- `split_inner`: within the open folds also whole genuine sources are held out, with the copies
  that were made from them. Everything that is chosen, is chosen on these.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.vocabulary import Label
from training.manifests import Utterance

CLOSED_FOLD = 4  # opened once per release, after all choices
OPEN_FOLDS = (0, 1, 2, 3)

# Names of one generator under several spellings or number formats.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "hifi-gan": "hifigan",
        "hifigan-int8": "hifigan",
        "tacotron-2": "tacotron2",
        "diffvc-plus": "diffvc",
        "autovc_f0": "autovc",
        "lvc_vc_xl": "lvc_vc",
        "fastdiff_tts": "fastdiff",
        "hierspeechpp-vc": "hierspeechpp",
        "freecodec-vc": "freecodec",
        "mspeechtokenizer-vc": "mspeechtokenizer",
        "make-a-voice-vc": "make-a-voice",
        "starganv2-vc": "stargan-vc",
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


@dataclass(frozen=True, slots=True)
class Split:
    """What is trained on and what is tested on."""

    train: tuple[Utterance, ...]
    test: tuple[Utterance, ...]


def system_name(utterance: Utterance) -> str:
    """Return the generator's one name, aliases joined; "" for genuine speech."""
    return ALIASES.get(utterance.system, utterance.system)


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
    return Split(_without_leaks(rest, test), test)


def split_inner(utterances: Sequence[Utterance], fold: int) -> Split:
    """Return the split that tests on a fold's spoof and on genuine sources never trained on.

    Test: the fold's spoof, the fold's genuine demo references, and all open utterances of the
    held-out sources. Spoof copies of held-out speakers stay out of training.
    """
    held_out = HELD_OUT_SOURCES[fold]
    open_rows = [row for row in utterances if row.fold != CLOSED_FOLD]
    is_test = [
        row.source in held_out
        if row.label is Label.BONAFIDE and row.source != "demo"
        else row.fold == fold
        for row in open_rows
    ]
    test = tuple(row for row, chosen in zip(open_rows, is_test, strict=True) if chosen)
    rest = [row for row, chosen in zip(open_rows, is_test, strict=True) if not chosen]
    return Split(_without_leaks(rest, test), test)


def split_release(utterances: Sequence[Utterance]) -> Split:
    """Return the split of a release: trained on the open folds, tested on the closed one.

    A system on both sides leaves the side that has fewer of its utterances, so that 4 utterances
    of a demo page do not cost the 230 of our own HiFi-GAN; then the rule of `split_fold` holds.
    """
    closed = [row for row in utterances if row.fold == CLOSED_FOLD]
    rest = [row for row in utterances if row.fold in OPEN_FOLDS]
    n_closed = Counter(system_name(row) for row in closed)
    n_rest = Counter(system_name(row) for row in rest)
    test = tuple(
        row
        for row in closed
        if row.label is Label.BONAFIDE or n_closed[system_name(row)] > n_rest[system_name(row)]
    )
    return Split(_without_leaks(rest, test), test)


def _without_leaks(rows: Sequence[Utterance], test: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Return the rows that share no system, speaker or pair with the test set."""
    systems = {system_name(row) for row in test} - {""}
    speakers = {row.speaker for row in test} - {""}
    test_ids = {row.clip_id for row in test}
    paired_ids = {row.paired_with for row in test} - {""}
    return tuple(
        row
        for row in rows
        if system_name(row) not in systems
        and row.speaker not in speakers
        and row.clip_id not in paired_ids
        and row.paired_with not in test_ids
    )
