"""What /v1/openapi.json promises, asked by schemathesis: no error of ours, answers as described."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from console.api.app import create_app
from console.api.context import ApiContext
from console.people.roles import Role
from tests.integration.api.conftest import PASSWORD, serving

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# as tus names the bytes of a file
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
N_EXAMPLES = {"admin": 4, "visitor": 1}  # of each route: there are a hundred
MOST_S = 120.0  # for an answer; by itself schemathesis gives a busy machine ten seconds
N_OPERATIONS = 75  # at least: a description that lost its routes would pass


@pytest.fixture
def url(context: ApiContext) -> Iterator[str]:
    free = context.settings.model_copy(update={"requests_a_minute": 0})
    app: FastAPI = create_app(dataclasses.replace(context, settings=free))
    with serving(app) as url:
        yield url


@pytest.mark.parametrize("who", ["admin", "visitor"])
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_every_route_answers_as_described(url: str, context: ApiContext, who: str) -> None:
    context.people.sign_up("ada@example.org", PASSWORD)
    key = context.keys.make_key("default", "fuzz", Role.ADMIN).key
    headers = {"authorization": f"Bearer {key}"} if who == "admin" else {}
    schema = schemathesis.openapi.from_url(f"{url}/v1/openapi.json", timeout=MOST_S)
    wrong, n_operations = [], 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        n_operations += 1
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not has_input(operation):
                continue

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=N_EXAMPLES[who],
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            def ask(case: schemathesis.Case[Any]) -> None:
                case.call_and_validate(headers=headers, checks=CHECKS, timeout=MOST_S)

            try:
                ask()
            except (Exception, FailureGroup) as error:  # noqa: BLE001 (all routes are to be told of)
                wrong.append(f"{operation.label} {mode}: {error}"[:1500])
    assert wrong == [], "\n\n".join(wrong)
    assert n_operations >= N_OPERATIONS


def test_each_shape_has_a_name_of_its_own(context: ApiContext) -> None:
    shapes = create_app(context).openapi()["components"]["schemas"]
    twice = [
        name for name in shapes if "__" in name
    ]  # two classes of one name: generators stop there
    assert twice == []


def test_every_typed_body_refuses_what_it_does_not_know(context: ApiContext) -> None:
    description = create_app(context).openapi()
    shapes = description["components"]["schemas"]
    bodies = {
        said["schema"]["$ref"].rpartition("/")[2]
        for methods in description["paths"].values()
        for operation in methods.values()
        for kind, said in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    }
    assert len(bodies) > 10
    open_ones = [one for one in bodies if shapes[one].get("additionalProperties") is not False]
    assert open_ones == []


def has_input(operation: schemathesis.APIOperation[Any, Any, Any, Any]) -> bool:
    return bool(operation.body) or any(True for _ in operation.iter_parameters())
