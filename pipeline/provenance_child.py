"""Read a file's C2PA manifest and print what it says as one JSON object.

Run as a file by `pipeline.provenance` inside a limited child, never imported: the C2PA library parses
outside bytes. Nothing is fetched: neither manifests that lie elsewhere, nor the state of certificates.
Arguments: the file, and a PEM file of trusted signers or nothing.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

MAX_CHARS = 200  # of any text
MAX_ENTRIES = 20  # of any list
MAX_DEPTH = 12  # at which an assertion is still searched


def main() -> None:
    """Print the state, who signed, and what is claimed."""
    path, trust_list = Path(sys.argv[1]), sys.argv[2]
    c2pa = importlib.import_module("c2pa")  # ships no types, and may not be installed
    settings: dict[str, Any] = {
        "verify": {
            "verify_after_reading": True,
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        }
    }
    if trust_list:
        settings["trust"] = {"trust_anchors": Path(trust_list).read_text("ascii")}
    try:
        with path.open("rb") as file:
            reader = c2pa.Reader.try_create(file, context=c2pa.Context.from_dict(settings))
            said = {"state": "absent"} if reader is None else _describe(json.loads(reader.json()))
    except c2pa.C2paError.RemoteManifest:
        said = {"state": "elsewhere"}
    except c2pa.C2paError.NotSupported:
        said = {"state": "absent"}  # of a format that carries no manifest
    except c2pa.C2paError as error:
        said = {"state": "invalid", "problems": [type(error).__name__.lstrip("_")]}
    sys.stdout.write(json.dumps(said))


def _describe(store: dict[str, Any]) -> dict[str, Any]:
    """Return what the store's active manifest says, and whether it fits the bytes."""
    active = store.get("manifests", {}).get(store.get("active_manifest"), {})
    signature = active.get("signature_info") or {}
    names = (signature.get("common_name"), signature.get("issuer"))
    results = store.get("validation_results") or {}
    failed = list((results.get("activeManifest") or {}).get("failure") or ())
    for delta in results.get("ingredientDeltas") or ():
        failed += (delta.get("validationDeltas") or {}).get("failure") or ()
    claims: list[str] = []
    for manifest in store.get("manifests", {}).values():
        _collect(manifest.get("assertions"), claims)
    return {
        "state": str(store.get("validation_state", "Invalid")).lower(),
        "signer": _text(", ".join(str(name) for name in names if name)),
        "signed_at": _text(signature.get("time")),
        "generator": _text(_generator(active)),
        "claims": _unique(claims),
        "problems": _unique([_text(one.get("code")) for one in failed]),
    }


def _generator(manifest: dict[str, Any]) -> str:
    for info in manifest.get("claim_generator_info") or ():
        return " ".join(str(info[key]) for key in ("name", "version") if info.get(key))
    return str(manifest.get("claim_generator") or "")


def _collect(node: Any, claims: list[str], depth: int = 0) -> None:  # noqa: ANN401 (any JSON value)
    """Add every digital source type below an assertion: the last part of its IPTC address."""
    if depth > MAX_DEPTH or len(claims) > 1000:
        return
    if isinstance(node, dict):
        source = node.get("digitalSourceType")
        if isinstance(source, str):
            claims.append(_text(source.rpartition("/")[2]))
        for value in node.values():
            _collect(value, claims, depth + 1)
    elif isinstance(node, list):
        for value in node:
            _collect(value, claims, depth + 1)


def _text(value: object) -> str:
    return str(value or "")[:MAX_CHARS]


def _unique(texts: list[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text][:MAX_ENTRIES]


if __name__ == "__main__":
    main()
