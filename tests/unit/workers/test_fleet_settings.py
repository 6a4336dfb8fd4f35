"""Settings come from the environment, and a wrong one names itself."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from workers.settings import FleetSettings


def test_settings_have_defaults_for_this_machine(tmp_path: Path) -> None:
    settings = FleetSettings.from_env({"VERITY_VAR": str(tmp_path)})

    assert settings.n_preparers >= 1
    assert settings.ray_address == ""
    assert settings.beat_s * 3 < settings.lease_s
    assert settings.trace_path is not None
    assert settings.trace_path.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("VERITY_PREPARERS", "none"), ("VERITY_LEASE_S", "-1"), ("VERITY_DEVICE", "tpu")],
)
def test_a_wrong_value_is_refused_by_its_key(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        FleetSettings.from_env({"VERITY_VAR": str(tmp_path), key: value})


def test_every_stage_of_a_walk_has_a_deadline(tmp_path: Path) -> None:
    deadlines = FleetSettings.from_env({"VERITY_VAR": str(tmp_path)}).deadlines

    for stage in ("list", "fetch", "probe", "survey", "prepare", "score", "write"):
        assert deadlines.of(stage) > 0


def test_listening_can_be_turned_off_for_poolers(tmp_path: Path) -> None:
    environ = {"VERITY_VAR": str(tmp_path)}
    assert FleetSettings.from_env(environ).listen
    assert not FleetSettings.from_env(environ | {"VERITY_LISTEN": "0"}).listen
