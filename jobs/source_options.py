"""How a job's sources are read: what of them is wanted, and as whom they are asked.

The options travel with the listing in its facts, and what fetching needs with each item. They hold
no secret: cookies and proxies are sealed rows that the options name (`storage/secret_rows.py`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pipeline.errors import AccessError

FACT = "source_options"  # the key in a listing's and an item's facts
MAX_PATTERNS = 100
MAX_LIVE_MINUTES = 720.0  # as long as the longest recording that is analysed
_BYTES = 1 << 50

Pattern = Annotated[str, Field(min_length=1, max_length=1_000)]
Count = Annotated[int, Field(ge=0, le=_BYTES)]


class Login(StrEnum):
    """When a job's cookies are shown to a site."""

    LAST = "last"  # anonymous first: cookies only where the site asks for them
    FIRST = "first"  # cookies first: anonymous only where the site refuses them


class SourceOptions(BaseModel):
    """What a job says about its sources; all of it may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # what of a source is wanted
    include: Annotated[tuple[Pattern, ...], Field(max_length=MAX_PATTERNS)] = ()
    exclude: Annotated[tuple[Pattern, ...], Field(max_length=MAX_PATTERNS)] = ()
    min_bytes: Count | None = None
    max_bytes: Count | None = None
    changed_after: AwareDatetime | None = None
    changed_before: AwareDatetime | None = None
    only_new: bool = False  # leave out what an earlier listing of new media met
    open_archives: bool = False  # look into zip and tar files
    settle_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0  # files that are younger wait
    # S3, beyond the settings of the process
    s3_endpoint: str = ""
    s3_region: str = ""
    s3_profile: str = ""
    s3_role: str = ""  # ARN of a role to assume
    s3_requester_pays: bool = False
    s3_keys_id: str = ""  # of a sealed secret: a connection's
    s3_guarded: bool = False  # the endpoint was named by API: it is reached through the guard alone
    # media sites
    live_minutes: Annotated[float, Field(ge=0, le=MAX_LIVE_MINUTES)] = 0.0  # 0: live is refused
    login: Login = Login.LAST
    sleep_s: Annotated[float, Field(ge=0, le=60)] = 0.0  # between requests to a site
    rate_bytes: Count | None = None  # a second, at most
    cookies_id: str = ""  # of a sealed secret
    proxy_id: str = ""  # of a sealed secret

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Self:
        """Return the options that facts carry, or none at all."""
        text = facts.get(FACT, "")
        return cls.model_validate_json(text) if text else cls()

    def to_facts(self) -> dict[str, str]:
        """Return what a listing's facts carry: nothing where nothing was said."""
        text = self.model_dump_json(exclude_defaults=True)
        return {} if text == "{}" else {FACT: text}

    def fetch_facts(self) -> dict[str, str]:
        """Return what an item's facts carry: what its fetch needs."""
        return type(self)(**{name: getattr(self, name) for name in _FETCH}).to_facts()

    def require_open(self) -> None:
        """Pass where anybody may say this; operators alone name credentials and ways out.

        Raises:
            AccessError: an option is for the operator's command line only.
        """
        if said := [name for name in _OPERATOR if getattr(self, name)]:
            raise AccessError(
                f"{', '.join(said)}: these are for the operator's command line only.",
                "operator_only",
            )


_FETCH = (
    *("s3_endpoint", "s3_region", "s3_profile", "s3_role", "s3_requester_pays", "s3_keys_id"),
    *("s3_guarded",),
    *("live_minutes", "login", "sleep_s", "rate_bytes", "cookies_id", "proxy_id"),
)
_OPERATOR = (
    *("s3_endpoint", "s3_region", "s3_profile", "s3_role", "s3_keys_id", "proxy_id", "settle_s"),
)
