"""Cookies that somebody hands in with a job: checked, sealed, and never shown again."""

import secrets

from pydantic import SecretStr

from jobs.sources.cookies import check_cookies
from storage.sealing import Sealer
from storage.secret_rows import SealedSecret


def seal_cookies(cookies: SecretStr | None, sealer: Sealer) -> tuple[SealedSecret, ...]:
    """Return a job's cookies as they are kept, or nothing where it has none.

    Raises:
        InputError: they are not in Netscape's form (`cookies_malformed`); no word of them is said.
        ConfigError: they cannot be sealed here.
    """
    if cookies is None:
        return ()
    secret_id = secrets.token_hex(16)
    text = check_cookies(cookies.get_secret_value())
    return (SealedSecret(secret_id, "cookies", sealer.seal(text, secret_id)),)
