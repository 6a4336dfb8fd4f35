"""Canonical JSON (RFC 8785), the bytes that a checksum is taken over."""

import json
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def canonical_json(value: Json) -> bytes:
    """Return RFC 8785 (JCS) bytes.

    Our keys are ASCII and our numbers are integers or multiples of 1e-3 below 1e16, where Python
    prints a number as ECMAScript does once whole floats are written as integers.
    """
    return json.dumps(
        whole_numbers(value),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()


def whole_numbers(value: Json) -> Json:
    """Return the value with 1.0 as 1: any JSON reader then writes the canonical form again."""
    if isinstance(value, dict):
        return {key: whole_numbers(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [whole_numbers(entry) for entry in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
