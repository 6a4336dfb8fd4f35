"""The Python client reads an item second by second and says what its owner thinks of it."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from console.api.context import ApiContext
from console.api.routes_item_voices import Agreement
from console.client import Client
from pipeline.errors import SourceNotFoundError
from tests.integration.api.conftest import serving
from tests.integration.items.item_maker import finished_item, minute_of_sound
from tests.unit.reports.report_maker import long_report

pytestmark = pytest.mark.postgres


def test_a_script_reads_an_item_and_gives_feedback(
    app: FastAPI, ada: TestClient, context: ApiContext
) -> None:
    claim = finished_item(context, "default", medium=minute_of_sound(41))
    long = finished_item(context, "default", long_report(0.5))
    key = ada.post("/v1/keys", json={"name": "script", "role": "analyst"}).json()["key"]
    with serving(app) as url, Client(url, key) as verity:
        assert "synthesis" in verity.finding(claim.item_id).summary.headline
        assert verity.timeline(claim.item_id, 10, 20).n_cells == 10
        assert [row.start_s for row in verity.segments(claim.item_id, 10, 12)] == [10, 11]
        rows = list(verity.segments(long.item_id))
        assert [row.index for row in rows] == list(range(1_800))
        said = verity.give_feedback(claim.item_id, Agreement.UNSURE, "Too short.")
        assert said.counts[Agreement.UNSURE] == 1
        assert verity.feedback(claim.item_id) == said
        job = verity.look_closer(claim.item_id, 0.5)
        assert job.counts.total == 1
        with pytest.raises(SourceNotFoundError):
            verity.finding("999999")
