"""An item's own report with findings that an earlier item of the same account already has.

The bytes, the models, the options and the tools are the same, so a new analysis would find the same
(DESIGN.md §8). What belongs to the item is its own: who asked, how the bytes were had, what their
name says. What belongs to the analysis is taken over, and the report names where it comes from.
"""

from reports.document import ReportDocument, ReusedPart, summary_part
from reports.words import Words
from reports.words_en import ENGLISH


def reissue(
    earlier: ReportDocument, own: ReportDocument, notes: tuple[str, ...], words: Words = ENGLISH
) -> ReportDocument:
    """Return the item's own report with the earlier findings.

    Args:
        earlier: the report of an analysis that was made, not taken over itself.
        own: of the item, made with the same `words` from a report without scores.
        notes: remarks on the name that this item's file has.
        words: the language.
    """
    processing = earlier.processing.model_copy(
        update={
            "timings_s": own.processing.timings_s,  # what was spent on this item
            "notes": notes,
            "derivation": (
                *(step for step in own.processing.derivation if step.step == "fetch"),
                *(step for step in earlier.processing.derivation if step.step != "fetch"),
            ),
        }
    )
    return earlier.model_copy(
        update={
            "issue": own.issue,
            "review": own.review,
            "reviews": own.reviews,
            "item": own.item,
            "summary": summary_part(earlier.findings, notes, words),
            "method": own.method,
            "custody": own.custody,
            "processing": processing,
            "limits": own.limits,
            "signature": own.signature,
            "reused": ReusedPart(
                item_id=earlier.item.item_id,
                job_id=earlier.issue.job_id,
                report_id=earlier.issue.report_id,
                analysed_at=earlier.processing.analysed_at,
            ),
        }
    )
