"""Speaking: sentences of our own, spoken by text-to-speech that is installed here.

Unlike the engines that copy (made.py), nothing genuine is said again: rows have no pair. The clips
obey the harvest's cutting law, a system is named as the corpus names it (training/splits.py) and
lies in the corpus' fold of it, so that no system comes to straddle folds.
"""

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import MediaCorruptError
from pipeline.vocabulary import Label
from training.harvest.cutting import cut
from training.harvest.genuine import write_clip
from training.harvest.synthetic import read_texts
from training.manifests import NO_FOLD, Utterance
from training.splits import ALIASES, system_name
from training.synthesis.engines import SAMPLE_RATE, seed_of
from training.synthesis.made import MANIFEST, MadeRun, join_manifests, read_rows, write_rows
from training.synthesis.speakers import Sentence, SpeakingEngine

_log = logging.getLogger(__name__)

PACES = (0.85, 1.15)  # of the voice's own; nobody speaks at one pace


def n_wanted(engine: SpeakingEngine, limit: int | None) -> int:
    """Return how many sentences the engine is asked for at most."""
    n_all = sum(len(read_texts()[language]) for _, language in engine.voices)
    return n_all if limit is None else min(n_all, limit)


def speak_with(
    engine: SpeakingEngine,
    utterances: Sequence[Utterance],
    run: MadeRun,
    advance: Callable[[], None],
) -> int:
    """Write the engine's clips that are not there yet and its list; return how many there are.

    Args:
        engine: what speaks.
        utterances: the corpus: tells the fold of the system.
        run: where to, how many sentences at most, which seed.
        advance: called once for each sentence.

    Raises:
        NotInstalledError: the engine lacks a program, a package or its weights.
    """
    say = engine.load(run.checkpoints)
    folder = run.folder / engine.name
    folder.mkdir(parents=True, exist_ok=True)
    rows = read_rows(folder / MANIFEST)
    fold = fold_of(engine.name, utterances)
    for name, language, sentence in itertools.islice(_sentences(engine, run.seed), run.limit):
        if not any(_is_of(path, name) and (run.folder / path).exists() for path in rows):
            try:
                samples = say(sentence)
            except MediaCorruptError as error:
                _log.warning("left out", extra={"sentence": name, "why": str(error)})
                advance()
                continue
            for number, piece in enumerate(cut(samples)):
                path = f"{engine.name}/{name}_{number}.flac"
                write_clip(run.folder / path, piece)
                rows[path] = _row_of(engine, sentence, language, path, len(piece), fold)
            write_rows(folder / MANIFEST, rows.values())  # a run that is stopped keeps its clips
        advance()
    join_manifests(run.folder)
    return len(rows)


def fold_of(system: str, utterances: Sequence[Utterance]) -> int:
    """Return the corpus' fold of a system, or none: then it is trained on and never tested on."""
    wanted = ALIASES.get(system, system)
    folds = {row.fold for row in utterances if system_name(row) == wanted}
    return folds.pop() if len(folds) == 1 else NO_FOLD


def _sentences(engine: SpeakingEngine, seed: int) -> Iterator[tuple[str, str, Sentence]]:
    """Yield name, language and sentence, each voice in turn."""
    texts = read_texts()
    longest = max(len(texts[language]) for _, language in engine.voices)
    for number in range(longest):
        for voice, language in engine.voices:
            if number >= len(texts[language]):
                continue
            name = f"{voice}_{language}_{number:03d}"
            drawn = seed_of(engine.name, name, seed)
            pace = float(np.random.default_rng(drawn).uniform(*PACES))
            yield name, language, Sentence(voice, texts[language][number], pace, drawn)


def _is_of(path: str, name: str) -> bool:
    """Say whether a clip's path is of the sentence of this name."""
    return Path(path).stem.rpartition("_")[0] == name


def _row_of(
    engine: SpeakingEngine,
    sentence: Sentence,
    language: str,
    path: str,
    n_samples: int,
    fold: int,
) -> dict[str, str]:
    """Return a clip's row of the manifest; `origin` names engine and seed."""
    return {
        "path": path,
        "label": Label.SPOOF.value,
        "seconds": f"{n_samples / SAMPLE_RATE:.2f}",
        "source": "made",
        "speaker": f"{engine.name}:{sentence.voice}",
        "system": engine.name,
        "kind": engine.kind,
        "language": language,
        "licence": "made by us",
        "origin": f"engine={engine.name} seed={sentence.seed}",
        "clip_id": f"{engine.name}_{Path(path).stem}",
        "paired_with": "",
        "fold": "" if fold == NO_FOLD else str(fold),
    }
