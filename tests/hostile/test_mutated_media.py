"""Properties: whatever the bytes and the title, a walk ends in a verdict or a named error.

Fixed seeds. Thousands more: `python -m bench.mutations`.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from bench.mutations import outcome_of
from jobs.sources.items import clean_text
from reports.as_csv import to_csv
from reports.as_json import from_json
from tests.hostile.conftest import Walker
from tests.hostile.damaged_forms import FORMS, make_form
from tests.hostile.mutations import mutant
from tests.makers import silence, write_wav

N_MUTANTS = 150
ROOM_S = 30.0  # for all of them; the rest is left out on a loaded machine
LEAST_MUTANTS = 20


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the bytes of a whole file of each form."""
    folder = tmp_path_factory.mktemp("forms")
    return {form.name: make_form(form, folder) for form in FORMS.values()}


@pytest.mark.timeout(240)
def test_hurt_files_end_in_a_verdict_with_a_number_or_an_error_with_a_name(
    forms: dict[str, bytes], walk: Walker, tmp_path: Path
) -> None:
    until = time.monotonic() + ROOM_S
    n_walked = 0
    for seed in range(N_MUTANTS):
        hurt = mutant(seed, forms)
        folder = tmp_path / f"given {seed}"
        folder.mkdir()
        (folder / hurt.name).write_bytes(hurt.content)
        walked = walk(folder / hurt.name)
        assert not outcome_of(walked.report).startswith("unnamed"), (seed, hurt.history)
        n_walked += 1
        if time.monotonic() > until and n_walked >= LEAST_MUTANTS:
            break
    assert n_walked >= LEAST_MUTANTS


@pytest.mark.parametrize("seed", range(12))
def test_random_bytes_are_never_judged(seed: int, walk: Walker, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    content = rng.bytes(int(rng.integers(1, 200_000)))
    (tmp_path / "random.mp3").write_bytes(content)
    walked = walk(tmp_path / "random.mp3")
    assert walked.report.failure is not None
    assert not outcome_of(walked.report).startswith("unnamed")


@pytest.mark.parametrize("seed", range(8))
def test_random_floats_never_give_no_evidence(seed: int, walk: Walker, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 1 << 32, size=64_000, dtype=np.uint32)  # one in 256 is no number
    write_wav(tmp_path / "bits.wav", bits.view(np.float32), bits=32, is_float=True)
    walked = walk(tmp_path / "bits.wav")
    assert walked.outcome in {"not_finite", "clipped", "noise"}


@pytest.mark.parametrize("seed", range(20))
def test_a_random_name_is_shown_in_json_and_csv_and_never_obeyed(
    seed: int, walk: Walker, tmp_path: Path
) -> None:
    name = _random_name(np.random.default_rng(seed))
    folder = tmp_path / "given"
    folder.mkdir()
    write_wav(folder / name, silence(0.5))
    walked = walk(folder / name)
    assert walked.outcome == "silence"
    document = from_json(walked.json)
    assert document.item.title == clean_text(name)
    assert to_csv(document)
    assert [path.name for path in folder.iterdir()] == [name]


def _random_name(rng: np.random.Generator) -> str:
    """Return a name of 1 to 60 characters of all planes that a folder can hold as UTF-8."""
    points = rng.integers(1, 0x3000 if rng.random() < 0.7 else 0x30000, size=rng.integers(1, 60))
    kept = (chr(p) for p in points if not 0xD800 <= p < 0xE000 and chr(p) != "/")
    return f"{''.join(kept)}.wav"
