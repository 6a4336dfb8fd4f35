"""What the numbers of an analysis rest on beside the bytes, as one checksum.

Two items with the same bytes and the same basis have the same findings (DESIGN.md §8), so the second
one may show the first one's. The basis is strict: other tools, another release or an edited source
file of ours make another one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from pipeline.analyse import tool_versions
from pipeline.vocabulary import AnalysisOptions, ModelUse
from reports.canonical_json import Json, canonical_json
from reports.document import SCHEMA_VERSION
from reports.findings import provider_class

# code that a number or its form depends on; in a checkout it changes between releases
_PACKAGES = ("pipeline", "reports")


def basis_of(models: Sequence[ModelUse], options: AnalysisOptions) -> str:
    """Return the SHA-256, as hex, over models, options, tools and code.

    Args:
        models: that take part, with what they run on.
        options: of the job.
    """
    chosen = asdict(options)
    del chosen["block_s"]  # changes no number (DESIGN.md §1)
    basis: Json = {
        "schema": SCHEMA_VERSION,
        "models": [[*model] for model in sorted(map(_model, models))],
        "options": chosen,
        "versions": dict(_versions()),
        "code": _code_sha256(),
    }
    return hashlib.sha256(canonical_json(basis)).hexdigest()


def _model(use: ModelUse) -> tuple[str, str, str]:
    return use.role, use.sha256, provider_class(use.provider)


@cache
def _versions() -> dict[str, str]:
    return tool_versions()


@cache
def _code_sha256() -> str:
    """Return the checksum over the sources that are installed here."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        spec = find_spec(package)
        assert spec is not None, "it is imported above"
        assert spec.origin is not None, "it has an __init__.py"
        folder = Path(spec.origin).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(folder).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
