"""What the bodies of jobs and sweeps both say of how their media are analysed and kept."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from console.api.context import ApiContext
from console.api.principals import Principal
from console.people.roles import Right
from jobs.source_options import Login, SourceOptions
from jobs.sources.cookies import MAX_COOKIE_BYTES
from pipeline.errors import AccessError
from pipeline.vocabulary import AnalysisOptions
from storage.secret_rows import SealedSecret

MOST_KEEP_DAYS = 36_500
MAX_MODEL_CHARS = 200


class JobOptions(BaseModel):
    """How the media of a job are analysed and kept; all of it may be left out."""

    model_config = ConfigDict(extra="forbid")

    hop_s: Annotated[float, Field(ge=0.25, le=1.0)] = 1.0
    # days that fetched media are kept; 0: not at all; null: as the installation says
    keep_media_days: Annotated[int | None, Field(ge=0, le=MOST_KEEP_DAYS)] = None
    clips: bool = False  # keep the strongest seconds as WAV beside each report
    explain: bool = False  # tell what the strongest seconds' scores came from
    open_archives: bool = False  # look into zip and tar files; otherwise they are left out by name
    # a detector of `/v1/models`, by name or SHA-256; "": the one that the fleet runs
    model: Annotated[str, Field(max_length=MAX_MODEL_CHARS)] = ""
    # of the sites that are read, as the text of a cookies.txt; sealed at once, shown to nobody
    cookies: Annotated[SecretStr, Field(max_length=MAX_COOKIE_BYTES)] | None = None
    login: Login = Login.LAST  # whether sites see the cookies last or first

    @property
    def analysis(self) -> AnalysisOptions:
        """Return what the analysis is told."""
        return AnalysisOptions(hop_s=self.hop_s, keep_clips=self.clips, explain=self.explain)

    def to_wire(self) -> dict[str, Any]:
        """Return the body as it is sent: with its cookies, which are hidden everywhere else."""
        body = self.model_dump(mode="json")
        if self.cookies is not None:
            body["cookies"] = self.cookies.get_secret_value()
        return body

    def to_text(self) -> str:
        """Return the body as one line that differs where any wish does, cookies too."""
        return json.dumps(self.to_wire(), sort_keys=True)


def require_keeping(options: JobOptions, asking: Principal, context: ApiContext) -> None:
    """Pass where somebody may have media kept for so long.

    Raises:
        AccessError: it is longer than those who are no admins may ask for (`right_missing`).
    """
    days, most = options.keep_media_days, context.settings.keep_media_most_days
    if days is not None and days > most and Right.MANAGE not in asking.rights:
        raise AccessError(
            f"A {asking.role} may have media kept for at most {most} days, an admin longer:"
            f" keep_media_days is {days}.",
            "right_missing",
        )


def with_cookies(
    wanted: SourceOptions, options: JobOptions, cookies: tuple[SealedSecret, ...]
) -> SourceOptions:
    """Return what sources are told, with the name of the cookies that go along."""
    for kept in cookies:
        named = {"cookies_id": kept.secret_id, "login": options.login}
        wanted = wanted.model_copy(update=named)
    return wanted
