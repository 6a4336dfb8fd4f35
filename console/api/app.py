"""Puts the API and the pages together: `create_app(context)`; `verity serve` runs it under uvicorn."""

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.routing import Match, Mount
from starlette.types import Scope

from console.api import (
    routes_access,
    routes_admin_evidence,
    routes_admin_fleet,
    routes_admin_people,
    routes_admin_settings,
    routes_audit,
    routes_batch,
    routes_connections,
    routes_estimate,
    routes_events,
    routes_health,
    routes_item_more,
    routes_item_reading,
    routes_item_sound,
    routes_item_voices,
    routes_items,
    routes_job_reports,
    routes_jobs,
    routes_keys,
    routes_live,
    routes_members,
    routes_metrics,
    routes_models,
    routes_notices,
    routes_people,
    routes_predict,
    routes_search,
    routes_sweep_runs,
    routes_sweeps,
    routes_uploads,
    routes_usage,
)
from console.api.context import ApiContext
from console.api.description import describe
from console.api.etags import UnchangedAnswers
from console.api.guards import BodyLimit, SecurityHeaders
from console.api.keeping import keeping
from console.api.limits import Limits
from console.api.measuring import ApiMetrics, Measured
from console.api.plain_text import plain_text
from console.api.problems import add_problem_handlers
from console.api.settings import ServedBy
from console.api.tus import TusVersion
from console.api.watch import Watch

TITLE = "Voice Verity"
ABOUT = (
    "Tells, second by second, how likely a voice is synthetic, and how sure that is. Machine output: an"
    " answer is evidence with known error rates, never a verdict of guilt. An LLR above 0 supports a"
    " person speaking."
)
UPLOAD_PATHS = ("/v1/predict", "/v1/jobs/batch", "/try/file")
TUS_PATH = "/v1/uploads"
TAGGED_PATHS = ("/v1/jobs", "/v1/items", "/v1/uploads", "/v1/sweeps")

# what other sites' pages may say and read, where VERITY_CORS_ORIGINS lets them ask
ASKED_HEADERS = """
authorization content-type idempotency-key if-none-match tus-resumable upload-length
upload-metadata upload-offset upload-checksum x-http-method-override
"""
SAID_HEADERS = """
location etag retry-after content-disposition ratelimit-limit ratelimit-remaining ratelimit-reset
tus-resumable tus-version tus-extension tus-max-size tus-checksum-algorithm upload-length
upload-metadata upload-offset upload-expires
"""


class PagesMount(Mount):
    """The pages, at every path that is not the API's: there an unknown one is a problem, not a page."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for a page."""
        if scope["path"].startswith("/v1/"):
            return Match.NONE, {}
        return super().matches(scope)


def create_app(context: ApiContext, pages: FastAPI | None = None) -> FastAPI:
    """Return the app over open desks; whoever opened them closes them.

    Args:
        context: the desks.
        pages: what answers beside the API; None: nothing does.
    """
    is_shared = context.settings.served_by is not ServedBy.UVICORN
    limits = Limits(context.engine, context.settings.requests_a_minute, is_shared=is_shared)
    app = FastAPI(
        title=TITLE,
        description=ABOUT,
        version="1",
        dependencies=[Depends(plain_text)],
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page needs scripts from elsewhere
        redoc_url=None,
        lifespan=keeping(context.engine, limits, context.job_shelf),
    )
    app.state.context = context
    app.state.watch = Watch(context.engine, context.settings.stream_s)
    app.state.limits = limits
    app.state.metrics = metrics = ApiMetrics(context.engine)
    add_problem_handlers(app)
    describe(app)
    for routes in (
        routes_health,
        routes_metrics,
        routes_people,
        routes_members,
        routes_access,
        routes_usage,
        routes_predict,
        routes_live,
        routes_uploads,
        routes_events,  # before `/jobs/{job_id}`
        routes_estimate,
        routes_batch,
        routes_jobs,
        routes_job_reports,
        routes_search,
        routes_items,
        routes_item_reading,
        routes_item_sound,
        routes_item_voices,
        routes_item_more,
        routes_sweeps,
        routes_sweep_runs,
        routes_connections,
        routes_models,
        routes_audit,
        routes_notices,
        routes_admin_fleet,
        routes_admin_people,
        routes_admin_evidence,
        routes_admin_settings,
    ):
        app.include_router(routes.router, prefix="/v1")
    app.include_router(routes_keys.router)  # where everybody finds it, of any version
    if pages is not None:
        pages.state.limits, pages.state.watch = limits, app.state.watch
        app.router.routes.append(PagesMount("/", pages))
    app.add_middleware(UnchangedAnswers, paths=TAGGED_PATHS)
    app.add_middleware(TusVersion, path=TUS_PATH)
    app.add_middleware(
        BodyLimit,
        limits=dict.fromkeys(UPLOAD_PATHS, context.settings.upload_bytes)
        | {TUS_PATH: context.jobs_settings.limits.max_bytes},
    )
    if context.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(context.settings.cors_origins),
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=ASKED_HEADERS.split(),
            expose_headers=SAID_HEADERS.split(),
            max_age=600,
        )
    app.add_middleware(SecurityHeaders, is_https=context.settings.is_https)
    app.add_middleware(Measured, metrics=metrics)
    return app
