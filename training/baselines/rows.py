"""Rows: what was measured of one baseline, on disk as a JSON file each; no PyTorch here."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One row of the table, as its JSON file has it; rates are fractions."""

    front_end: str
    model: str
    accuracy_at_eer: float  # the threshold is the test's own, so this is 1 - EER but for the mix
    accuracy_at_zero: float  # at the score that stands for 50/50
    eer: tuple[float, float, float]  # with the bounds of its 95 % interval
    auc: tuple[float, float, float]
    bonafide_rejected_at_zero: float
    spoof_accepted_at_zero: float
    n_bonafide: int  # test utterances
    n_spoof: int
    n_training_windows: int
    split_fingerprint: str  # rows with another one saw other utterances
    n_windows_seen: int
    n_parameters: int
    used_s: float  # processor time of the fit
    fold: int
    budget_s: float
    seed: int
    machine: str
    finished_at: str
    pretrained: str = ""  # the weight file that the net started from


def write_row(path: Path, row: BaselineRow) -> None:
    """Write a row, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(row), indent=1) + "\n")


def read_row(path: Path) -> BaselineRow:
    """Return a row that `write_row` wrote."""
    stored = json.loads(path.read_text())
    for name in ("eer", "auc"):
        stored[name] = tuple(stored[name])
    return BaselineRow(**stored)
