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
    [
        ("VERITY_PREPARERS", "none"),
        ("VERITY_LEASE_S", "-1"),
        ("VERITY_DEVICE", "tpu"),
        ("VERITY_HOST_RATE", "0"),
        ("VERITY_HOST_BURST", "0.5"),
        ("VERITY_KEEP_BYTES", "-1"),
        ("VERITY_ARCHIVE_AFTER_DAYS", "-1"),
        ("VERITY_ARCHIVE_AFTER_DAYS", "soon"),
    ],
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


def test_the_pace_for_a_host_is_a_setting_of_the_claims(tmp_path: Path) -> None:
    environ = {"VERITY_VAR": str(tmp_path), "VERITY_HOST_RATE": "0.5", "VERITY_HOST_BURST": "3"}
    pace = FleetSettings.from_env(environ).claim_rules.host
    assert (pace.rate_per_s, pace.burst) == (0.5, 3.0)


def test_two_installations_are_told_apart_without_their_passwords(tmp_path: Path) -> None:
    environ = {"VERITY_VAR": str(tmp_path)}
    one, other = (
        FleetSettings.from_env(
            environ | {"VERITY_DATABASE_URL": f"postgresql://u:secret@h/{name}"}
        ).installation
        for name in ("a", "b")
    )
    assert one != other
    assert "secret" not in one
