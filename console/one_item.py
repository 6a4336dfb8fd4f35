"""Bring one item into a private folder and analyse it: what `scan` and `evaluate` share.

Files of this machine are copied too: the children that decode have no rights of root, so that a
file of somebody else's is one that only this process can read.
"""

from collections.abc import Callable
from pathlib import Path

from console.examiner import Examiner
from jobs.sources import fetch
from jobs.sources.access import SourceAccess
from jobs.spec import NewItem
from pipeline import analyse
from pipeline.errors import InputError, VerityError
from pipeline.vocabulary import Failure, MediaItem, MediaReport

OnStage = Callable[[str, float, float | None], None]  # (stage, so far, in all where it is known)


def examine_item(  # noqa: PLR0913 (two of them are told, not asked)
    item: MediaItem,
    new_item: NewItem,
    examiner: Examiner,
    access: SourceAccess,
    folder: Path,
    on_stage: OnStage = lambda _stage, _done, _total: None,
    admit: analyse.Admit = lambda _: None,
) -> MediaReport:
    """Return the report of one item; what cannot be had has one too.

    Args:
        item: what the report names.
        new_item: as listed.
        examiner: loaded models.
        access: how sources are reached.
        folder: empty and private; the caller's to remove.
        on_stage: told bytes of `fetch`, then seconds of sound of the stages of the analysis.
        admit: may refuse the item by an AccessError, once its length is known.

    Raises:
        AccessError: `admit` refused.
    """
    try:
        fetched = fetch(
            new_item, folder, access, lambda done, total: on_stage("fetch", float(done), total)
        )
    except VerityError as error:
        return failed_item(item, examiner, error, "fetch")
    except OSError as error:  # a file that opens and does not read: a bad disk, a device
        words = f"{new_item.title} cannot be read: {error.strerror}. Copy it to another disk."
        return failed_item(item, examiner, InputError(words, "not_readable"), "fetch")

    def show(step: analyse.Progress) -> None:
        on_stage(step.stage, step.done_s, step.total_s or None)

    return examiner.examine(item, fetched.path, fetched.custody, show, admit)


def failed_item(item: MediaItem, examiner: Examiner, error: VerityError, stage: str) -> MediaReport:
    """Return the report of an item that was never analysed."""
    failure = Failure(error.code, error.message, stage, error.retryable)
    models, options = examiner.models.uses, examiner.options
    return analyse.failed_report(item, None, None, failure, models, options)
