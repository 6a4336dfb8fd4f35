"""The OpenAPI description: which problems each route may answer with, and how one signs in."""

from typing import Any

from fastapi import FastAPI

from console.api.problems import MEDIA_TYPE

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457); codes are those of docs/error-codes.md.",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
                "required": ["where", "what"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
    "examples": [
        {
            "type": "urn:verity:problem:job_not_found",
            "title": "Not Found",
            "status": 404,
            "detail": "There is no job 17.",
            "code": "job_not_found",
        }
    ],
}
_SAID = {
    "400": "The request is broken",
    "401": "Nobody is signed in, or the key or password is wrong",
    "403": "This role may not do this, or the page's token is missing",
    "404": "There is none, or it is another account's",
    "409": "It does not fit what is there",
    "412": "The tus protocol is not named, or another version of it",
    "413": "Too large",
    "415": "The body is of another kind than the description says",
    "422": "Something in the request must be changed",
    "460": "The bytes are not those that the checksum is of",
    "429": "Too many requests: `retry-after` says how long to wait",
    "503": "A service that is needed does not answer, or all examiners or writers of reports are busy",
}
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: vv_..."},
    "session": {"type": "apiKey", "in": "cookie", "name": "verity_session"},
    "metrics": {"type": "http", "scheme": "bearer", "description": "VERITY_METRICS_TOKEN"},
}
# clients set them by the body that they send
_OF_THE_BODY = {"content-length", "content-type"}
_PROBES = {"/v1/health/live", "/v1/health/ready"}
_METRICS = "/v1/metrics"
_OPEN = {("/v1/people", "post"), ("/v1/sessions", "post")}


def describe(app: FastAPI) -> None:
    """Let an app describe itself whole."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            description = plain()
            _complete(description)
            app.openapi_schema = description
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's manual extends it


def _complete(description: dict[str, Any]) -> None:
    components = description.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = _SCHEMES
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            is_probe = path in _PROBES
            if path == _METRICS:
                operation["security"] = [{"metrics": []}]
            elif not is_probe and (path, method) not in _OPEN:
                operation["security"] = [{"key": []}, {"session": []}]
            operation["parameters"] = [
                one for one in operation.get("parameters", []) if one["name"] not in _OF_THE_BODY
            ]
            answers = operation["responses"]
            answers.pop("422", None)
            wanted = {"503"} if is_probe else _problems_of(path, method, operation)
            for status in sorted(wanted):
                answers[status] = {
                    "description": _SAID[status],
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }


def _problems_of(path: str, method: str, operation: dict[str, Any]) -> set[str]:
    found = {"401", "403", "422", "429", "503"}
    if "{" in path or path.startswith(("/v1/predict", _METRICS)):
        found.add("404")
    if method != "get":
        found.add("409")
    if "requestBody" in operation:
        found |= {"400", "413"}
    if path.startswith("/v1/uploads") and method != "get":
        found |= {"400", "412", "415", "460"}
    if path == "/v1/jobs/batch":
        found |= {"404", "415"}  # a link may name an upload that is not there
    if path in ("/v1/jobs", "/v1/jobs/estimate") and method == "post":
        found.add("404")
    return found
