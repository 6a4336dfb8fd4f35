"""The custody's part of the pages: who, when and how, step by step, on which machines, signed by whom."""

from collections.abc import Mapping

from reports.canonical_json import Json
from reports.custody_parts import MachinePart
from reports.document import ReportDocument, ReusedPart
from reports.page_rows import cut, pairs
from reports.words import Words

_FACTS = (
    "http_status",
    "content_type",
    "content_length",
    "etag",
    "last_modified",
    "server_date",
    "final_url",
    "n_redirects",
)  # what a server said; other facts go by the names that their sources give them
_HIDDEN_FACTS = {"command"}  # stands among the steps
_MAX_COMMAND = 1_500  # characters of a command line: ffmpeg's with its lists of formats has 600


def moment(iso: str) -> str:
    """Return an ISO time of UTC without fractions, such as `2026-11-21 09:31:00 UTC`."""
    return f"{iso[:10]} {iso[11:19]} UTC"


def custody_rows(document: ReportDocument, labels: Mapping[str, str]) -> list[Json]:
    """Return who asked, where the bytes came from, and what was chosen."""
    issue, custody, options = document.issue, document.custody, document.findings.options
    asked_at = issue.requested_at
    rows = [
        (labels["laboratory"], issue.laboratory),
        (labels["customer"], issue.customer),
        (labels["submitted_by"], issue.submitted_by),
        (labels["requested_at"], "" if asked_at is None else moment(asked_at.isoformat())),
        (labels["job"], f"{issue.job_name} ({issue.job_id})" if issue.job_name else issue.job_id),
        (labels["item_id"], document.item.item_id),
        (labels["attempt"], str(issue.attempt)),
        (labels["item_labels"], ", ".join(document.item.labels)),
        (labels["list_priority"], document.item.list_priority),
        (labels["source"], document.item.source_uri),
    ]
    if custody is not None:
        rows += [
            (labels["original_name"], custody.original_name),
            (labels["acquired_at"], moment(custody.acquired_at.isoformat())),
            (labels["acquired_by"], custody.acquired_by),
            (labels["source_version"], custody.source_version),
            *(
                (labels[f"fact_{name}"] if name in _FACTS else name, value)
                for name, value in custody.facts.items()
                if name not in _HIDDEN_FACTS
            ),
        ]
    rows += [
        (labels["analysed_at"], moment(document.processing.analysed_at.isoformat())),
        (labels["reused"], _reused(document.reused, labels)),
        (labels["issued_at"], moment(issue.issued_at.isoformat())),
        (
            labels["options"],
            f"hop_s {options.hop_s:g}, max_duration_s {options.max_duration_s:g}, "
            f"max_channels {options.max_channels}",
        ),
    ]
    return pairs(rows)


def derivation_rows(document: ReportDocument, labels: Mapping[str, str]) -> list[Json]:
    """Return each step's name, tool, command line and checksums."""
    return [
        {
            "step": " · ".join(filter(None, (step.step, step.tool, step.output))),
            "command": cut(step.command, _MAX_COMMAND),
            "hashes": pairs(
                [
                    (labels["step_input"], step.input_sha256),
                    (labels["step_output"], step.output_sha256),
                ]
            ),
        }
        for step in document.processing.derivation
    ]


def machine_rows(document: ReportDocument, words: Words) -> list[Json]:
    """Return the stages and what they ran on."""
    return pairs(
        [(machine.stages, _machine(machine, words)) for machine in document.processing.machines]
    )


def signature_part(document: ReportDocument, words: Words) -> Json:
    """Return what is said of the signature, or that there is none."""
    signature, lines, labels = document.signature, words.paragraphs, words.labels
    if signature is None:
        return {"text": lines["unsigned"], "pairs": []}
    return {
        "text": lines["signed"],
        "pairs": pairs(
            [
                (labels["signed_by"], signature.signer),
                (labels["certificate"], signature.certificate_sha256),
                ("PDF", signature.pdf_form),
                ("JSON", signature.json_form),
            ]
        ),
    }


def _machine(machine: MachinePart, words: Words) -> str:
    cores = words.paragraphs["cores"].format(n=machine.n_cores)
    parts = (machine.system, machine.processor, cores, machine.gpu, machine.runtime)
    return "; ".join(filter(None, parts))


def _reused(reused: ReusedPart | None, labels: Mapping[str, str]) -> str:
    """Return where an analysis was taken from, or "" where it was made for this item."""
    if reused is None:
        return ""
    facts = {
        "item_id": reused.item_id,
        "job": reused.job_id,
        "report_id": reused.report_id,
        "analysed_at": moment(reused.analysed_at.isoformat()),
    }
    return " · ".join(f"{labels[name]} {fact}" for name, fact in facts.items())
