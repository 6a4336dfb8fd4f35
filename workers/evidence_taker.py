"""What a preparer takes from a file beside its sound: what it says of its own origin."""

from pathlib import Path

from pipeline.provenance import read_provenance
from pipeline.vocabulary import Provenance

_TRUST_LIST = "c2pa-trust.pem"


class EvidenceTaker:
    """Holds the trust list of this node for the actor's life."""

    def __init__(self, trust_pem: bytes, folder: Path) -> None:
        """Write the trust list down, since the reader is a process of its own.

        Args:
            trust_pem: certificates of trusted signers; empty: nobody is.
            folder: private to this process.
        """
        self._trust_list: Path | None = None
        if trust_pem:
            self._trust_list = folder / _TRUST_LIST
            self._trust_list.write_bytes(trust_pem)

    def provenance(self, path: Path) -> Provenance:
        """Return the state of a file's manifest; see `pipeline.provenance`."""
        return read_provenance(path, self._trust_list)
