"""Every sentence of a job's report in English."""

from typing import Final

from reports.job_words import JobWords

JOB_ENGLISH: Final = JobWords(
    language="en",
    outcomes={
        "synthetic": "evidence of synthesis",
        "partly_synthetic": "evidence of synthesis in part",
        "inconclusive": "inconclusive",
        "no_evidence": "no evidence of synthesis",
        "not_applicable": "not applicable",
        "failed": "not analysed",
        "cancelled": "cancelled",
        "open": "still open",
    },
    changes={
        "verdict": "another answer",
        "failed": "now not analysed",
        "recovered": "now analysed",
        "content": "other bytes",
        "new": "new",
        "gone": "no longer listed",
        "same": "as before",
    },
    labels={
        "document_title": "Report on a job",
        "job": "Job",
        "job_number": "Number",
        "name": "Name",
        "sources": "Sources",
        "submitted": "Submitted",
        "ended": "Ended",
        "account": "Account",
        "items": "Items",
        "counts": "What came of the items",
        "outcome": "Outcome",
        "share": "Share",
        "heat_map": "All items over time",
        "strongest": "Strongest findings",
        "item": "Item",
        "title": "Title",
        "supports": "Supports",
        "stretches": "Marked",
        "links": "Links",
        "report": "report",
        "source": "source",
        "no_answer": "Why there is no (firmer) answer",
        "reason": "Reason",
        "failures": "Failures by reason",
        "example": "For example",
        "duplicates": "The same file more than once",
        "near": "Perhaps the same recording",
        "alike": "Perhaps made alike",
        "first": "First of them",
        "numbers": "Numbers",
        "likeness": "Likeness",
        "compared": "Compared with the job before",
        "change": "Change",
        "before": "Before",
        "now": "Now",
        "limits": "Limits",
        "attachments": "Attached to this PDF",
        "end": "End of report",
        "rows_from": "from item",
        "legend_share": "items that support synthesis there, in 100",
    },
    sentences={
        "headline_found": "Evidence of synthesis was found in {n} of {total} items.",
        "headline_none": "No evidence of synthesis was found in the {total} items that were judged.",
        "headline_not_judged": "None of the {total} items could be judged.",
        "headline_empty": "The job has no items.",
        "open": "The job is not over: {n} items are still open and stand in no list below.",
        "expected": "If persons spoke in all {judged} judged items, about {n} of them would be called "
        "synthetic all the same: so often the method errs, by the error rates in the items' own reports.",
        "heat_single": "One row an item, as they were listed; a cell is {cell} of its sound, coloured by "
        "what it supports as in the item's own report.",
        "heat_many": "{rows} rows of about {n} neighbouring items each, as they were listed. A cell is "
        "{cell} of their sound; its colour says how many of the items that were judged there support "
        "synthesis in it. Single cells mislead: a row or a column that stands out is a place to look.",
        "heat_later": "The last column holds everything after {end} as well.",
        "heat_alt": "Heat-map of {n} items over {total} of sound, in {rows} rows and {columns} columns.",
        "strongest": "The {n} items whose findings, in whole or in a marked stretch, support synthesis "
        "most. Every item stands in the spreadsheet and has a report of its own.",
        "strongest_none": "There is none.",
        "duplicates": "{items} items in {groups} groups are the same file, byte for byte.",
        "known": "{n} items had been analysed in earlier jobs of this account.",
        "near": "{items} items in {groups} groups differ in their bytes but sound alike second by second: "
        "perhaps the same recording in another form.",
        "near_trust": "Measured on items of 10 s: of copies that were changed, so many are found "
        "so: {kept}; {strangers} in 100 items have another recording as much like them.",
        "alike": "Of the {n} strongest findings, {items} items in {groups} groups lie close together: "
        "perhaps made alike.",
        "alike_trust": "Measured on systems that the method never met: of such pairs, {right} in 100 are "
        "of one system. A hint where to listen, no finding.",
        "not_measured": "How far that can be trusted was not measured for this detector.",
        "none_alike": "None were found.",
        "compared": "Compared with job {job} of {date}; items as they were: {same}.",
        "compared_none": "There is no earlier job of the same sources, sweep or name.",
        "more": "{n} more stand in the spreadsheet.",
        "more_groups": "{n} more groups stand in the spreadsheet.",
        "attached": "job.json: everything that stands here, machine readable.",
    },
    sheets={
        "summary": "Summary",
        "items": "Items",
        "strongest": "Strongest findings",
        "failures": "Failures",
        "duplicates": "Same file",
        "near": "Same recording",
        "alike": "Made alike",
        "compared": "Compared",
    },
    copies={
        "web": "web codecs",
        "degraded": "heavily degraded",
        "clean, cut 0.5 s later": "cut half a second later",
    },
    limits=(
        "This report counts and points. What was found in an item, how strong it is and how often such "
        "a result misleads, stands in the item's own report.",
        "Among many items some are called synthetic by mistake, and some synthetic ones are missed. An "
        "item is no more suspect because others of its job are.",
        "Likeness of items is no evidence for synthesis, and none that one system or person made them.",
    ),
)
