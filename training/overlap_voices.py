"""Who is heard in training and who only in the figures of the net that hears several voices at once."""

from collections.abc import Mapping
from pathlib import Path

from training.manifests import Utterance, read_manifest
from training.recipes.overlapped_speech import OverlapRecipe

Row = tuple[Utterance, str]  # a clip, and who speaks in it


def rows_of(corpus: Path, recipe: OverlapRecipe) -> Mapping[str, tuple[Row, ...]]:
    """Return the clips of `train`, `speakers` (the check fold) and `sources` (held out whole).

    Who speaks in a copy is who speaks in the clip that it was made from. Nobody is heard in training
    and in the figures, and the fold that is kept for releases is not opened.
    """
    every = read_manifest(corpus / "manifest.csv")
    by_id = {row.clip_id: row for row in every}
    open_folds = recipe.train_folds | {recipe.check_fold}
    train: list[Row] = []
    rest: list[Row] = []
    origins = {id(row): [by_id[pair] for pair in row.pairs if pair in by_id] for row in every}
    checked = {
        _speaker(row, origins[id(row)])
        for row in every
        if recipe.check_fold in _folds(row, origins[id(row)]) and row.fold in open_folds
    }
    for row in every:
        if row.fold not in open_folds:
            continue
        origin = origins[id(row)]
        speaker = _speaker(row, origin)
        sources = {one.source for one in (row, *origin)}
        is_trained = _folds(row, origin) <= recipe.train_folds and speaker not in checked
        if is_trained and not sources & recipe.held_out_sources:
            train.append((row, speaker))
        else:
            rest.append((row, speaker))
    heard = {speaker for _, speaker in train}
    unheard = [one for one in rest if one[1] not in heard]
    return {
        "train": tuple(train),
        "speakers": tuple(one for one in unheard if one[0].fold == recipe.check_fold),
        "sources": tuple(one for one in unheard if one[0].source in recipe.held_out_sources),
    }


def _speaker(row: Utterance, origin: list[Utterance]) -> str:
    return origin[0].speaker if origin else row.speaker


def _folds(row: Utterance, origin: list[Utterance]) -> set[int]:
    return {one.fold for one in (row, *origin)}
