"""The key with which a fleet signs its reports: read where the worker starts, carried to its writer."""

import threading

from pipeline.errors import ConfigError
from reports.signing_keys import SigningKey, create_key, current_key
from storage.settings import StorageSettings

_ONE_AT_A_TIME = threading.Lock()  # crews start their writers in threads: one of them makes the key


def site_key(settings: StorageSettings) -> SigningKey | None:
    """Return the site's key; the first use makes one. None where reports are not to be signed.

    Raises:
        ConfigError: the folder cannot be written to, the key that signs is not where it was or is
            revoked, or its token does not sign.
    """
    if not settings.is_signing:
        return None
    try:
        with _ONE_AT_A_TIME:
            current = current_key(settings.keys, settings.signing_pin)
            return current or create_key(settings.keys, settings.signer)
    except OSError as error:
        raise ConfigError(
            f"No signing key can be made in {settings.keys} ({error.strerror}): name another folder "
            "with VERITY_SIGNING_KEYS, or leave the reports unsigned with VERITY_SIGN=0."
        ) from error
