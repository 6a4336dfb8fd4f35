"""Buckets that the account reads: bound with the account's own keys, which are never read back.

An endpoint that is named here is reached through the egress guard alone, with these keys alone: the
fleet's credentials and network are no business of whoever asks.
"""

import json
from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlsplit

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from console.api.access_log import note
from console.api.context import ApiContext, Context
from console.api.principals import Admin, Reader
from console.api.slow_routes import slowly
from console.people.deeds import Deed
from jobs.source_options import SourceOptions
from pipeline.errors import InputError, VerityError
from storage.connection_rows import BoundBucket
from storage.egress_policy import parse_destination

router = APIRouter(prefix="/connections", tags=["connections"])
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
_PORTS = {"https": 443, "http": 80}


class ConnectionBody(BaseModel):
    """A prefix of a bucket, and the keys that read it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "source": "s3://press/incoming",
                    "region": "eu-central-1",
                    "access_key": "AKIA...",
                    "secret_key": "...",
                }
            ]
        },
    )

    source: Annotated[str, Field(max_length=1100)]
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "us-east-1"
    endpoint: Annotated[str, Field(max_length=300)] = ""  # "": AWS in that region
    requester_pays: bool = False
    access_key: Annotated[SecretStr, Field(min_length=1, max_length=300)]
    secret_key: Annotated[SecretStr, Field(min_length=1, max_length=300)]
    session_token: Annotated[SecretStr, Field(max_length=4000)] = SecretStr("")

    @property
    def keys(self) -> SecretStr:
        """Return the keys as they are sealed."""
        said = {
            "access_key": self.access_key.get_secret_value(),
            "secret_key": self.secret_key.get_secret_value(),
        }
        if token := self.session_token.get_secret_value():
            said["session_token"] = token
        return SecretStr(json.dumps(said))


class ConnectionShown(BaseModel):
    """A connection without its keys."""

    name: str
    source: str
    endpoint: str  # "": the installation's
    region: str
    has_own_keys: bool  # False: an operator's profile or role reads it
    created_at: datetime | None

    @classmethod
    def of(cls, bound: BoundBucket) -> Self:
        """Return a connection as the API shows it."""
        return cls(
            name=bound.name,
            source=f"s3://{bound.bucket}/{bound.prefix}",
            endpoint=str(bound.options.get("s3_endpoint", "")),
            region=str(bound.options.get("s3_region", "")),
            has_own_keys=bool(bound.options.get("s3_keys_id")),
            created_at=bound.created_at,
        )


class ConnectionTried(BaseModel):
    """Whether a connection leads to its bucket."""

    is_ok: bool
    first: str = ""  # the first object's name: untrusted text; "": there is none
    code: str = ""  # of what went wrong
    message: str = ""


@router.get("")
def connections(asking: Reader, context: Context) -> list[ConnectionShown]:
    """List the account's connections, by name."""
    return [ConnectionShown.of(one) for one in context.connections.of_account(asking.account_id)]


@router.put("/{name}")
def bind(name: Name, body: ConnectionBody, asking: Admin, context: Context) -> ConnectionShown:
    """Bind a prefix of a bucket, or bind it anew; jobs may then name sources below it."""
    options = SourceOptions(
        s3_endpoint=_endpoint(context, body),
        s3_region=body.region,
        s3_requester_pays=body.requester_pays,
        s3_guarded=True,
    )
    keys = (body.keys, context.jobs_settings.sealer)
    bound = context.connections.bind(asking.account_id, name, body.source, options, keys)
    note(context, asking, Deed.CONNECTION_SET, f"connection:{name}")
    return ConnectionShown.of(bound)


@router.post("/{name}/test")
@slowly
def try_out(name: Name, asking: Admin, context: Context) -> ConnectionTried:
    """List the first object below a connection's prefix, and say why where that fails."""
    with context.jobs_settings.open_guard() as guard:
        access = context.jobs_settings.source_access(guard, allow_local=False)
        try:
            first = context.connections.try_out(asking.account_id, name, access)
        except VerityError as error:
            if error.code == "no_connection":
                raise
            return ConnectionTried(is_ok=False, code=error.code, message=error.message)
    return ConnectionTried(is_ok=True, first=first)


@router.delete("/{name}", status_code=204)
def unbind(name: Name, asking: Admin, context: Context) -> None:
    """Unbind a bucket; jobs that were submitted keep their way to it until they end."""
    context.connections.unbind(asking.account_id, name)
    note(context, asking, Deed.CONNECTION_REMOVE, f"connection:{name}")


def _endpoint(context: ApiContext, body: ConnectionBody) -> str:
    """Return the endpoint, checked: a name or address on the open internet.

    Raises:
        InputError: it is none (`endpoint_refused`).
    """
    if not body.endpoint:
        return f"https://s3.{body.region}.amazonaws.com"
    try:
        parts = urlsplit(body.endpoint)
    except ValueError:
        parts = urlsplit("")
    place = parse_destination(parts.netloc, _PORTS.get(parts.scheme))
    is_plain = parts.path in {"", "/"} and not parts.query and not parts.fragment
    policy = context.jobs_settings.egress
    if parts.scheme not in _PORTS or place is None or not is_plain or policy.refuse_name(place):
        raise InputError(
            "The endpoint has the form https://host, on the open internet.", "endpoint_refused"
        )
    return f"{parts.scheme}://{place}"
