"""Folds for data sets that have none: five, by speaker and by system, the same on every machine.

The rule, for a row whose manifest states no fold:

- synthetic, converted, coded or replayed speech: by its system, aliases joined; without a system,
  by its speaker;
- genuine speech: by its speaker; without a speaker, by its clip id;
- fold = SHA-256 of `system:<name>` or `speaker:<name>` or `clip:<id>`, its first eight bytes as a
  whole number (big-endian), modulo 5.

So a speaker or a system is in one fold whatever else is in the manifest, and two manifests that
name it alike agree. The price: a few systems do not fill five folds evenly, and a data set with one
system has all of it in one. A fold keeps a copy and its half apart only as the splits do
(training/splits.py): they drop pairs whose other half is tested on. Official parts stay in `part`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pipeline.vocabulary import Label
from training.manifests import NO_FOLD, Utterance
from training.splits import system_name

N_FOLDS = 5  # as our corpus has; fold 4 is closed there and so in every manifest (splits.py)


def fold_of(utterance: Utterance) -> int:
    """Return the fold that the rule gives, whatever the row states."""
    system = system_name(utterance) if utterance.label is Label.SPOOF else ""
    if system:
        name = f"system:{system}"
    elif utterance.speaker:
        name = f"speaker:{utterance.speaker}"
    else:
        name = f"clip:{utterance.clip_id}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % N_FOLDS


def assign_folds(utterances: Iterable[Utterance]) -> Iterator[Utterance]:
    """Yield the rows, those without a fold with the one that the rule gives."""
    for row in utterances:
        yield replace(row, fold=fold_of(row)) if row.fold == NO_FOLD else row
