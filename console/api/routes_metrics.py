"""Metrics for Prometheus, for whoever knows the token that the installation set."""

import hmac

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from console.api.context import Context
from console.api.measuring import ApiMetrics
from pipeline.errors import AccessError, SourceNotFoundError

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, context: Context) -> PlainTextResponse:
    """Return this server's metrics; VERITY_METRICS_TOKEN is sent as a bearer token."""
    token = context.settings.metrics_token
    if token is None:
        raise SourceNotFoundError("This installation gives no metrics.", "no_metrics")
    said = request.headers.get("authorization", "")
    if not hmac.compare_digest(said.encode(), f"Bearer {token.get_secret_value()}".encode()):
        raise AccessError("Send the token that VERITY_METRICS_TOKEN names.", "sign_in_needed")
    measured = request.app.state.metrics
    assert isinstance(measured, ApiMetrics)
    text = await run_in_threadpool(measured.text)
    return PlainTextResponse(text, media_type=CONTENT_TYPE_LATEST)
