import pytest

from jobs.settings import JobsSettings
from pipeline.errors import ConfigError
from storage.egress_policy import Destination


def test_settings_come_from_the_environment() -> None:
    settings = JobsSettings.from_env(
        {
            "VERITY_FETCH_ALLOW": "127.0.0.1:8000",
            "VERITY_FETCH_MAX_BYTES": "1e6",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
            "AWS_SECRET_ACCESS_KEY": "hidden",
        }
    )
    assert settings.egress.allow == {Destination("127.0.0.1", 8000)}
    assert settings.limits.max_bytes == 1_000_000
    assert settings.s3.endpoint_url == "http://127.0.0.1:9000"
    assert "hidden" not in repr(settings)


def test_an_empty_environment_opens_nothing() -> None:
    settings = JobsSettings.from_env({})
    assert not settings.egress.allow
    assert settings.limits.max_bytes == 4 << 30


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("VERITY_FETCH_ALLOW", "127.0.0.1"),
        ("VERITY_FETCH_MAX_BYTES", "many"),
        ("VERITY_FETCH_MAX_BYTES", "-1"),
        ("VERITY_FETCH_WALL_S", "nan"),
        ("VERITY_YTDLP_FOLDER", "/nonexistent/folder"),
    ],
)
def test_a_wrong_setting_names_itself(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        JobsSettings.from_env({key: value})


def test_exceptions_are_refused_in_the_image() -> None:
    with pytest.raises(ConfigError, match="refused in the image"):
        JobsSettings.from_env({"VERITY_FETCH_ALLOW": "127.0.0.1:80", "VERITY_IMAGE": "1"})
