"""Health and metrics: what monitors ask."""

import dataclasses

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from console.api.app import create_app
from console.api.context import ApiContext
from console.api.settings import ApiSettings
from pipeline.errors import ConfigError
from tests.integration.api.conftest import Browse

pytestmark = pytest.mark.postgres
TOKEN = "a-token-of-enough-signs"  # noqa: S105 (of a server that lives as long as a test)


def test_probes_answer_anybody_and_details_answer_who_is_known(
    browse: Browse, visitor: TestClient
) -> None:
    assert visitor.get("/v1/health/ready").json() == {"state": "ok"}
    assert visitor.get("/v1/health/model").status_code == 401
    assert visitor.get("/v1/health/device").status_code == 401
    ada = browse("ada@example.org")
    models = ada.get("/v1/health/model").json()
    assert [one["role"] for one in models] == ["detector", "separator", "overlap"]
    assert all(len(one["sha256"]) == 64 for one in models)
    device = ada.get("/v1/health/device").json()
    assert "CPUExecutionProvider" in device["providers"]
    assert 0 < device["memory_free_bytes"] <= device["memory_bytes"]


def test_metrics_are_given_to_who_has_the_token_and_only_where_one_is_set(
    context: ApiContext, visitor: TestClient
) -> None:
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert visitor.get("/v1/metrics", headers=bearer).status_code == 404
    settings = context.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    with TestClient(create_app(dataclasses.replace(context, settings=settings))) as client:
        assert client.get("/v1/metrics").status_code == 401
        assert client.get("/v1/metrics", headers={"authorization": "Bearer x"}).status_code == 401
        client.get("/v1/jobs/17")
        client.get("/nowhere/at/all")
        said = client.get("/v1/metrics", headers=bearer)
    assert said.headers["content-type"].startswith("text/plain")
    counted = 'verity_api_requests_total{method="GET",route="%s",status="%d"} '
    assert counted % ("/v1/jobs/{job_id}", 401) + "1.0" in said.text
    assert counted % ("other", 404) + "1.0" in said.text
    assert "verity_queue_deferred_items 0.0" in said.text


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigError, match="VERITY_METRICS_TOKEN"):
        ApiSettings.from_env({"VERITY_METRICS_TOKEN": "secret"})
