"""How many actors a worker makes for the cores and cards that there are."""

from pathlib import Path

import pytest

from workers.roles import CrewSettings, Role, needs_of
from workers.settings import FleetSettings


@pytest.mark.parametrize(
    ("n_preparers", "n_gpus", "environ", "expected"),
    [
        (1, 0, {}, (1, 1)),
        (2, 0, {}, (1, 1)),
        (16, 0, {}, (8, 8)),
        (16, 2, {}, (2, 8)),
        (16, 2, {"RAY_ADDRESS": "head:6379"}, (1, 8)),
        (16, 2, {"RAY_ADDRESS": "head:6379", "VERITY_SCORERS": "2"}, (2, 8)),
        (16, 2, {"VERITY_DEVICE": "cpu"}, (8, 8)),
        (4, 0, {"VERITY_SCORERS": "9", "VERITY_WRITERS": "1"}, (4, 1)),
    ],
)
def test_scorers_follow_the_cards_and_writers_the_preparers(
    tmp_path: Path,
    n_preparers: int,
    n_gpus: int,
    environ: dict[str, str],
    expected: tuple[int, int],
) -> None:
    fleet = FleetSettings.from_env({"VERITY_VAR": str(tmp_path), **environ})
    crew = CrewSettings(fleet, n_preparers, n_gpus)
    assert (crew.n_scorers, crew.n_writers) == expected


def test_a_writer_waits_for_the_store_with_one_item_while_it_renders_another(
    tmp_path: Path,
) -> None:
    fleet = FleetSettings.from_env({"VERITY_VAR": str(tmp_path)})
    needs = needs_of(Role.WRITER, CrewSettings(fleet, 2, 0))
    assert (needs.n_cpus, needs.n_threads) == (0.5, 2)
    assert needs.without_cores().n_threads == 2
