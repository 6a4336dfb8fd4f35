"""The key with which a fleet signs its reports: read where the worker starts, carried to its writer."""

from reports.signing_keys import SigningKey, create_key, current_key
from storage.settings import StorageSettings


def site_key(settings: StorageSettings) -> SigningKey | None:
    """Return the site's key; the first use makes one. None where reports are not to be signed.

    Raises:
        ConfigError: the key that signs is not where it was (`signing_key_missing`).
    """
    if not settings.is_signing:
        return None
    return current_key(settings.keys) or create_key(settings.keys, settings.signer)
