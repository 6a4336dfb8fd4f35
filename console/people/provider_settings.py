"""Which identity provider (OpenID Connect) people may sign in with, read from the environment."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from console.people.roles import Role
from pipeline.errors import ConfigError
from storage.account_rows import DEFAULT_ACCOUNT

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ProviderSettings(BaseModel):
    """One provider, and what its groups mean here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: str
    client_secret: SecretStr | None = None  # None: a public client, held by PKCE alone
    secret_is_in_file: bool = False
    name: str  # on the button
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    role_claim: str = "groups"
    roles: tuple[tuple[str, Role], ...] = ()  # a group, and the role that it gives
    account_id: str = DEFAULT_ACCOUNT  # where it gives them

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ProviderSettings | None":
        """Read what docs/sign-in.md names; None: nobody signs in so.

        Raises:
            ConfigError: a value has the wrong form, or one is missing.
        """
        issuer, client_id = (
            environ.get(key, "") for key in ("VERITY_OIDC_ISSUER", "VERITY_OIDC_CLIENT_ID")
        )
        if not issuer and not client_id:
            return None
        if not issuer or not client_id or not environ.get("VERITY_PUBLIC_URL"):
            raise ConfigError(
                "Signing in by a provider needs VERITY_OIDC_ISSUER, VERITY_OIDC_CLIENT_ID and"
                " VERITY_PUBLIC_URL: the provider sends people back there."
            )
        if not is_safe_url(issuer):
            raise ConfigError("VERITY_OIDC_ISSUER has the form https://host[/path].")
        secret, is_in_file = _secret(environ)
        scopes = environ.get("VERITY_OIDC_SCOPES", "").split() or ["openid", "email", "profile"]
        return cls(
            issuer=issuer,
            client_id=client_id,
            client_secret=secret,
            secret_is_in_file=is_in_file,
            name=environ.get("VERITY_OIDC_NAME", "") or str(urlsplit(issuer).hostname),
            scopes=tuple(dict.fromkeys(["openid", *scopes])),
            role_claim=environ.get("VERITY_OIDC_ROLE_CLAIM", "") or "groups",
            roles=_roles(environ.get("VERITY_OIDC_ROLES", "")),
            account_id=environ.get("VERITY_OIDC_ACCOUNT", "") or DEFAULT_ACCOUNT,
        )


def is_safe_url(url: object) -> bool:
    """Tell whether secrets may be sent to a URL: by HTTPS, or to this machine."""
    if not isinstance(url, str) or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    is_plain_here = parts.scheme == "http" and host in LOOPBACK
    return bool(host) and (parts.scheme == "https" or is_plain_here) and "@" not in parts.netloc


def _secret(environ: Mapping[str, str]) -> tuple[SecretStr | None, bool]:
    said = environ.get("VERITY_OIDC_CLIENT_SECRET", "")
    path = environ.get("VERITY_OIDC_CLIENT_SECRET_FILE", "")
    if said and path:
        raise ConfigError(
            "Set VERITY_OIDC_CLIENT_SECRET or VERITY_OIDC_CLIENT_SECRET_FILE, not both."
        )
    if not path:
        return (SecretStr(said) if said else None), False
    try:
        held = Path(path).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError("VERITY_OIDC_CLIENT_SECRET_FILE is a file with the secret.") from error
    if not held:
        raise ConfigError("VERITY_OIDC_CLIENT_SECRET_FILE names an empty file.")
    return SecretStr(held), True


def _roles(said: str) -> tuple[tuple[str, Role], ...]:
    """Return `group=role,group=role` as pairs."""
    pairs = []
    for part in filter(None, (part.strip() for part in said.split(","))):
        group, _, role = part.rpartition("=")
        if not group.strip() or role.strip() not in set(Role):
            raise ConfigError(
                f"VERITY_OIDC_ROLES has the form group=role,group=role; roles: {', '.join(Role)}."
            )
        pairs.append((group.strip(), Role(role.strip())))
    return tuple(pairs)
