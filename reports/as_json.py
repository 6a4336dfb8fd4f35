"""ReportDocument -> JSON bytes, and the published JSON Schema of that shape."""

import json
from pathlib import Path

from reports.canonical_json import Json, spliced, whole_numbers
from reports.document import ReportDocument
from reports.findings import dumped_segments

SCHEMA_PATH = Path(__file__).parent / "schema" / "report-v1.json"
_SCHEMA_ID = "https://voice-verity.example/schema/report-v1.json"


def to_json(document: ReportDocument) -> bytes:
    """Return the document as JSON, UTF-8, ending in a newline; the same bytes for the same document.

    Whole floats are written as integers, so that `findings` re-serialised with sorted keys by any
    JSON tool gives the bytes that `findings_sha256` is taken over.
    """
    tree = document.model_dump(mode="json", exclude={"findings": {"segments"}})
    tree["findings"]["segments"] = []  # its last part, as in the schema
    rows = (_dumped(part)[1:-1] for part in dumped_segments(document.findings))
    return b"".join(spliced(_dumped(tree), rows)) + b"\n"


def _dumped(tree: Json) -> bytes:
    text = json.dumps(
        whole_numbers(tree), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode()


def from_json(text: bytes) -> ReportDocument:
    """Return the document that `to_json` wrote.

    Raises:
        pydantic.ValidationError: the text is no report of this schema version.
    """
    return ReportDocument.model_validate_json(text)


def json_schema() -> bytes:
    """Return the JSON Schema (draft 2020-12); `make`-independent: write it to `SCHEMA_PATH`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _SCHEMA_ID,
        **ReportDocument.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
