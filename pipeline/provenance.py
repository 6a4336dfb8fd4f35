"""What a file says of its own origin: its C2PA manifest, read by a limited child without network.

A manifest is searched for before anything is parsed: its box is named `c2pa` in the file's own bytes
(C2PA specification 2.2, section 11.1.4.2), or its XMP names one that lies elsewhere. Most files hold
neither, and cost one look at their bytes. What the child says never fails an item.
"""

import hashlib
import json
import mmap
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.limits import ChildLimits, run_limited
from pipeline.vocabulary import Provenance, ProvenanceState

MARKS = (b"c2pa", b"dcterms:provenance")
LIMITS = ChildLimits(cpu_s=40, memory_bytes=2 << 30, file_bytes=0, stall_s=60.0, wall_s=60.0)
MAX_ANSWER_BYTES = 1 << 16
_CHILD = Path(__file__).with_name("provenance_child.py")
_DISTRIBUTION = "c2pa-python"


def read_provenance(
    path: Path, trust_list: Path | None = None, limits: ChildLimits = LIMITS
) -> Provenance:
    """Return the state of the file's manifest; a hostile one is `unreadable`, never an error.

    Args:
        path: of the file.
        trust_list: certificates in PEM whose holders, or whom they certified, are trusted signers.
        limits: what reading may use.

    Raises:
        ConfigError: the trust list cannot be read.
    """
    listed = "" if trust_list is None else trust_list_sha256(trust_list)
    if not _is_marked(path):
        return Provenance(ProvenanceState.ABSENT, trust_list=listed)
    try:
        tool = f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"
    except PackageNotFoundError:
        return _unreadable("not_installed", "", listed)
    argv = [sys.executable, "-I", str(_CHILD), str(path), str(trust_list or "")]
    ended = run_limited(argv, limits, keep_bytes=MAX_ANSWER_BYTES)
    if ended.timed_out:
        return _unreadable("timed_out", tool, listed)
    try:
        said = json.loads(ended.stdout) if ended.return_code == 0 else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return _unreadable("reader_died", tool, listed)
    return _provenance(said, tool, listed)


def trust_list_sha256(trust_list: Path) -> str:
    """Return the SHA-256 of a trust list, as hex.

    Raises:
        ConfigError: it cannot be read, or holds no certificate.
    """
    try:
        content = trust_list.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"VERITY_C2PA_TRUST: {trust_list} cannot be read ({error.strerror}); it is a file of "
            "certificates in PEM."
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in content or not content.isascii():
        raise ConfigError(f"VERITY_C2PA_TRUST: {trust_list} holds no certificates in PEM.")
    return hashlib.sha256(content).hexdigest()


def _is_marked(path: Path) -> bool:
    """Tell whether the file's bytes hold the name of a manifest anywhere."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return any(view.find(mark) >= 0 for mark in MARKS)
    except (OSError, ValueError):  # empty, or gone: who reads it next says so
        return False


def _provenance(said: dict[str, Any], tool: str, listed: str) -> Provenance:
    known = {state.value for state in ProvenanceState}
    state = said.get("state")
    return Provenance(
        ProvenanceState(state) if state in known else ProvenanceState.INVALID,
        signer=str(said.get("signer", "")),
        signed_at=str(said.get("signed_at", "")),
        generator=str(said.get("generator", "")),
        claims=tuple(map(str, said.get("claims", ()))),
        problems=tuple(map(str, said.get("problems", ()))),
        tool=tool,
        trust_list=listed,
    )


def _unreadable(why: str, tool: str, listed: str) -> Provenance:
    return Provenance(ProvenanceState.UNREADABLE, problems=(why,), tool=tool, trust_list=listed)
