"""Our corpus, and every folder that has a manifest: genuine and synthetic speech, 3.6 s a clip.

Source: collected for this project; its README.md says from where, each row's `origin` which
repository. Licence: each row's `licence`; research inside this project, nothing of it is shipped.
Size: 3 532 clips, 1 677 genuine and 1 855 synthetic or coded, 16 kHz mono FLAC, some 270 MB.
Citation: none; cite the origins.

Layout::

    manifest.csv            path, label, seconds, source, speaker, system, kind, ..., fold
    bonafide/<source>/*.flac
    spoof/<system>/*.flac

Labels: `bonafide` is a person's recording; `spoof` is synthetic, converted, or (kind `codec`)
genuine speech after a neural codec, a class of its own. Folds 0 to 4 are the manifest's own.
"""

from collections.abc import Iterator
from pathlib import Path

from training.datasets.layout import not_found
from training.manifests import Utterance, read_manifest

MANIFEST = "manifest.csv"


def load(folder: Path) -> Iterator[Utterance]:
    """Yield the rows of the folder's manifest.

    Raises:
        SourceNotFoundError: the folder has no manifest.csv.
        InputError: the manifest is damaged (see `read_manifest`).
    """
    if not (folder / MANIFEST).is_file():
        raise not_found(folder, "corpus with a manifest", MANIFEST)
    yield from read_manifest(folder / MANIFEST)
