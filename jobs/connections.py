"""Which buckets an account may read by API: those that an operator bound to it, with own credentials.

The fleet's own credentials are never a source for anybody but the operator's command line. A source
is read with the connection whose bucket and prefix hold it; the longest prefix wins.
"""

import json
import re
import secrets
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import cast

from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from jobs.source_options import SourceOptions
from jobs.sources.access import SourceAccess
from jobs.sources.items import Listed
from jobs.sources.names import SourceForm, check_source
from jobs.sources.s3 import list_prefix, parse_s3_uri
from pipeline.errors import AccessError, InputError, SourceNotFoundError
from storage import connection_rows, secret_rows
from storage.account_rows import require_account
from storage.connection_rows import BoundBucket
from storage.database import transaction
from storage.sealing import Sealer
from storage.secret_rows import SealedSecret

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_KEYS = ("access_key", "secret_key", "session_token")


class ConnectionDesk:
    """Where an operator binds buckets, and where sources are checked against them."""

    def __init__(self, engine: Engine) -> None:
        """Use a migrated database."""
        self._engine = engine

    def bind(
        self,
        account_id: str,
        name: str,
        source: str,
        options: SourceOptions,
        keys: tuple[SecretStr, Sealer] | None = None,
    ) -> BoundBucket:
        """Bind a prefix to an account; one of the same name is replaced.

        Args:
            account_id: whose.
            name: how people call it.
            source: s3://bucket/prefix.
            options: endpoint, region, profile, role, requester-pays.
            keys: a JSON object with access_key, secret_key and perhaps session_token, and what
                seals it. Without it the options name a profile or a role.

        Raises:
            InputError: name, prefix or keys have the wrong form, or nothing says whose keys are used.
        """
        if not _NAME.fullmatch(name):
            raise InputError("A connection's name is lower case: letters, digits, . _ -")
        bucket, prefix = parse_s3_uri(source)
        if keys is None and not (options.s3_profile or options.s3_role):
            raise InputError(
                "A connection has credentials of its own: name keys, a profile or a role.",
                "no_credentials",
            )
        named = {
            field: value
            for field, value in options.model_dump(exclude_defaults=True).items()
            if field.startswith("s3_")
        }
        with transaction(self._engine) as connection:
            require_account(connection, account_id)
            if keys is not None:
                named["s3_keys_id"] = _keep(connection, account_id, *keys)
            below = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
            bound = BoundBucket(name, bucket, below, named)
            connection_rows.put_connection(connection, account_id, bound)
        return bound

    def of_account(self, account_id: str) -> list[BoundBucket]:
        """Return the account's connections."""
        with transaction(self._engine) as connection:
            return connection_rows.read_connections(connection, account_id)

    def try_out(self, account_id: str, name: str, access: SourceAccess) -> str:
        """Return the name of the first object that a connection leads to, "" where there is none.

        Args:
            account_id: whose.
            name: of the connection.
            access: how sources are reached, with what opens sealed keys.

        Raises:
            SourceNotFoundError: there is no such connection.
            VerityError: it leads nowhere, and why.
        """
        with transaction(self._engine) as connection:
            bound = _require(connection, account_id, name)
            options = SourceOptions.model_validate(dict(bound.options))
            sealed = secret_rows.read_sealed(connection, {options.s3_keys_id})
        own = {key: found for (whose, key), found in sealed.items() if whose == account_id}
        reach = replace(access, sealed=own).with_options(options)
        found = list_prefix(f"s3://{bound.bucket}/{bound.prefix}", reach, lambda *_: None)
        with closing(cast("Generator[Listed]", found)) as listed:
            first = next(listed, None)
        return "" if first is None else first.item.title

    def unbind(self, account_id: str, name: str) -> None:
        """Unbind a bucket; jobs that were submitted keep their way to it until they end.

        Raises:
            SourceNotFoundError: there is no such connection.
        """
        with transaction(self._engine) as connection:
            if not connection_rows.remove_connection(connection, account_id, name):
                raise _no_connection(account_id, name)

    def require_sources(
        self, account_id: str, sources: Sequence[str], options: SourceOptions | None = None
    ) -> SourceOptions:
        """Return the options with which the account may read the sources: the gate of every API.

        Args:
            account_id: who asks.
            sources: as they came.
            options: what was asked for beside them.

        Raises:
            InputError: a source is none or is local; or two need different connections.
            AccessError: a bucket is not bound to the account (`no_connection`), or an option is
                an operator's.
        """
        options = options or SourceOptions()
        options.require_open()
        buckets = [
            source for source in sources if check_source(source, allow_local=False) is SourceForm.S3
        ]
        if not buckets:
            return options
        known = self.of_account(account_id)
        found = {bound.name: bound for bound in (_holding(source, known) for source in buckets)}
        if len(found) > 1:
            raise InputError(
                f"The sources need the connections {', '.join(found)}: submit a job for each.",
                "several_connections",
            )
        (bound,) = found.values()
        return options.model_copy(update=dict(bound.options))


def _require(connection: Connection, account_id: str, name: str) -> BoundBucket:
    known = connection_rows.read_connections(connection, account_id)
    found = next((one for one in known if one.name == name), None)
    if found is None:
        raise _no_connection(account_id, name)
    return found


def _no_connection(account_id: str, name: str) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"Account {account_id} has no connection {name[:63]}.", "no_connection"
    )


def _holding(source: str, known: Sequence[BoundBucket]) -> BoundBucket:
    bucket, prefix = parse_s3_uri(source)
    fitting = [it for it in known if it.bucket == bucket and prefix.startswith(it.prefix)]
    if not fitting:
        raise AccessError(
            f"No connection of this account leads to s3://{bucket}/: an operator binds it with"
            " verity connection add.",
            "no_connection",
        )
    return max(fitting, key=lambda it: len(it.prefix))


def _keep(connection: Connection, account_id: str, keys: SecretStr, sealer: Sealer) -> str:
    """Keep a connection's keys, sealed; return their id."""
    text = keys.get_secret_value()
    try:
        said = json.loads(text)
        is_whole = all(isinstance(said[name], str) and said[name] for name in _KEYS[:2])
    except (ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole or set(said) - set(_KEYS):
        raise InputError(
            "The keys of a connection are a JSON object with access_key, secret_key and perhaps"
            " session_token.",
            "keys_malformed",
        )
    secret_id = secrets.token_hex(16)
    secret = SealedSecret(secret_id, "s3_keys", sealer.seal(text, secret_id))
    secret_rows.insert_secret(connection, account_id, None, secret)
    return secret_id
