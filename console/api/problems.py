"""Errors as problem details (RFC 9457): the same code and sentence as everywhere else."""

import errno
import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from pipeline.errors import (
    AccessError,
    InputError,
    LimitExceededError,
    OutageError,
    SourceNotFoundError,
    StaleClaimError,
    VerityError,
)

MEDIA_TYPE = "application/problem+json"
CHECKSUM_MISMATCH = 460  # of tus; HTTP itself knows no such status
_STATUS_BY_CODE = {
    "sign_in_needed": 401,
    "sign_in_wrong": 401,
    "code_needed": 401,
    "sign_in_wait": 429,
    "quota_used_up": 429,
    "too_many_requests": 429,
    "email_taken": 409,
    "last_admin": 409,
    "own_person": 409,
    "link_needed": 409,
    "provider_refused": 401,
    "email_unverified": 403,
    "job_over": 409,
    "job_cancelled": 409,
    "sweep_running": 409,
    "repeat_differs": 409,
    "too_large": 413,
    "upload_unfinished": 409,
    "upload_moved": 409,
    "upload_in_use": 409,
    "upload_version": 412,
    "upload_header": 400,
    "upload_type": 415,
    "form_expected": 415,
    "form_broken": 400,
    "upload_checksum": CHECKSUM_MISMATCH,
}
_STATUS_BY_KIND: tuple[tuple[type[VerityError], int], ...] = (
    (SourceNotFoundError, 404),
    (LimitExceededError, 413),
    (InputError, 422),
    (AccessError, 403),
    (OutageError, 503),
    (StaleClaimError, 409),
)

_log = logging.getLogger(__name__)


def status_of(error: VerityError) -> int:
    """Return the HTTP status of an error."""
    by_kind = next((status for kind, status in _STATUS_BY_KIND if isinstance(error, kind)), 500)
    return _STATUS_BY_CODE.get(error.code, by_kind)


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> JSONResponse:
    """Return a problem as a response.

    Args:
        status: of HTTP.
        code: ours, such as `job_not_found`.
        detail: what happened, and what to do.
        headers: beside the content type.
        errors: of the request's fields: where, what.
    """
    body: dict[str, Any] = {
        "type": f"urn:verity:problem:{code}",
        "title": "Checksum Mismatch" if status == CHECKSUM_MISMATCH else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def problem_of(error: VerityError) -> JSONResponse:
    """Return the problem of one of our errors."""
    headers = {}
    if error.retry_after_s:
        headers["retry-after"] = str(math.ceil(error.retry_after_s))
    status = status_of(error)
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="verity"'
    if status >= 500:
        _log.warning("request failed", extra={"code": error.code, "reason": error.message})
    return problem(status, error.code, error.message, headers)


def unexpected() -> JSONResponse:
    """Return the problem of an error of ours."""
    return problem(500, "unexpected", "Something went wrong on our side; it was written down.")


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of an app be a problem."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, VerityError)
        return problem_of(error)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        fields = [
            {"where": ".".join(map(str, one["loc"])), "what": str(one["msg"])}
            for one in error.errors()
        ]
        first = fields[0] if fields else {"where": "body", "what": "is not understood"}
        detail = f"{first['where']}: {first['what']}"
        return problem(422, "request_invalid", detail, errors=fields)

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = HTTPStatus(error.status_code).name.lower()
        return problem(error.status_code, code, str(error.detail), error.headers)

    async def broken(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, OSError)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise error
        return problem_of(OutageError("The server's disk has no room for this now.", "disk_full"))

    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        _log.error("request failed unexpectedly", exc_info=error)
        return unexpected()

    app.add_exception_handler(VerityError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(OSError, broken)
    app.add_exception_handler(Exception, unforeseen)
