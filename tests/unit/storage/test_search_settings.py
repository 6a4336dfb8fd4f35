"""What searches keep is settable, and what was measured of them is read as it was written."""

import json
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from storage.search_trust import (
    ALIKE_FROM,
    LONG_S,
    NEAR_ALIGNED_FROM,
    NEAR_LONG_FROM,
    near_from,
    read_trust,
)
from storage.settings import StorageSettings


def test_how_much_searches_keep_is_settable() -> None:
    settings = StorageSettings.from_env(
        {"VERITY_SEARCH_SEGMENTS": "0", "VERITY_SEARCH_ITEMS": "5000"}
    )
    assert (settings.search_segments, settings.search_items) == (0, 5_000)
    assert StorageSettings.from_env({}).search_segments == 8


@pytest.mark.parametrize("value", ["-1", "many", "1001", "8.5", "²"])
def test_a_wrong_number_names_its_key(value: str) -> None:
    with pytest.raises(ConfigError, match="VERITY_SEARCH_SEGMENTS is a whole number"):
        StorageSettings.from_env({"VERITY_SEARCH_SEGMENTS": value})


def test_the_shipped_figures_belong_to_the_shipped_detector() -> None:
    trust = read_trust("phase_fusion_v2")
    assert trust is not None
    assert 0 < trust.chance < trust.clips_at_1 < 1
    assert 0 < trust.system_at_10 < trust.system_at_1 < trust.clips_at_1
    assert 0 < trust.near_strangers < 0.05  # the limit was chosen so
    assert {name for name, _ in trust.near_kept} < {name for name, _ in trust.recording_at_1}


def test_a_detector_that_was_not_measured_claims_nothing(tmp_path: Path) -> None:
    assert read_trust("somebody_s_own") is None
    assert read_trust("phase_fusion_v2", tmp_path) is None
    (tmp_path / "search_precision.json").write_text(json.dumps({"mine": {"systems": []}}))
    assert read_trust("mine", tmp_path) is None


def test_the_limits_are_among_those_that_were_measured() -> None:
    from storage.model_store import SHIPPED

    figures = json.loads((SHIPPED / "search_precision.json").read_text("utf-8"))
    measured = figures["phase_fusion_v2"]
    assert {ALIKE_FROM, NEAR_ALIGNED_FROM} <= {row["limit"] for row in measured["pairs"]}
    assert NEAR_LONG_FROM in {row["limit"] for row in measured["joined"]}
    assert near_from(LONG_S) < near_from(LONG_S - 1)
