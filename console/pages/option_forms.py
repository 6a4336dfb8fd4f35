"""What the forms of jobs and sweeps both ask: how media are analysed, kept and reached."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field

from console.api.context import ApiContext
from console.api.job_options import MAX_MODEL_CHARS, MOST_KEEP_DAYS
from console.api.model_list import detector_name, shown_models
from console.api.principals import Principal
from console.installed_models import ModelShown
from console.pages.render import Page
from console.people.roles import Right
from jobs.source_options import Login
from jobs.sources.cookies import MAX_COOKIE_BYTES
from jobs.spec import JobSpec

_LEFT_OUT = frozenset({"keep_media_days", "cookies"})  # where nothing was typed


class OptionsForm(BaseModel):
    """The fields that both forms have; an empty one says nothing."""

    hop_s: Annotated[float, Field(ge=0.25, le=1.0)] = 1.0
    open_archives: bool = False
    clips: bool = False
    explain: bool = False
    keep_media_days: Annotated[str, Field(pattern=r"^\d{0,5}$")] = ""
    model: Annotated[str, Field(max_length=MAX_MODEL_CHARS)] = ""
    cookies: Annotated[str, Field(max_length=MAX_COOKIE_BYTES)] = ""
    login: Login = Login.LAST

    def options(self) -> dict[str, Any]:
        """Return what is said, as the API's bodies take it."""
        said = {name: getattr(self, name) for name in OptionsForm.model_fields}
        return {name: one for name, one in said.items() if one or name not in _LEFT_OUT}


@dataclass(frozen=True, slots=True)
class OptionsOffered:
    """What the forms offer to somebody."""

    most_days: int  # that media may be kept
    detectors: list[ModelShown]


def options_offered(context: ApiContext, asking: Principal) -> OptionsOffered:
    """Return what somebody may choose from."""
    is_admin = Right.MANAGE in asking.rights
    most_days = MOST_KEEP_DAYS if is_admin else context.settings.keep_media_most_days
    return OptionsOffered(most_days, detectors_here(context))


def option_words(context: ApiContext, page: Page, job: JobSpec) -> list[str]:
    """Return what a job is told beyond the usual, each in some words of the forms."""
    words, options, sources = page.words, job.options, job.source_options
    name = detector_name(context, job.detector) or job.detector[:12]
    said = {
        f"{words['jobs.hop']}: {options.hop_s:g}": options.hop_s < 1,
        f"{words['item.model']}: {name}": bool(job.detector),
        words["submit.explain"]: options.explain,
        words["submit.clips"]: options.keep_clips,
        f"{words['submit.keep']}: {job.keep_media_days}": job.keep_media_days is not None,
        words["submit.archives"]: sources.open_archives,
        words["submit.cookies"]: bool(sources.cookies_id),
    }
    return [one for one, is_so in said.items() if is_so]


def detectors_here(context: ApiContext) -> list[ModelShown]:
    """Return the detectors that somebody may name."""
    return [one for one in shown_models(context) if one.is_installed and one.role == "detector"]
