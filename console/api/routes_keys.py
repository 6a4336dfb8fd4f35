"""The keys that sign this installation's reports, and which of them are revoked: for everybody."""

from fastapi import APIRouter

from console.api.context import Context
from reports.published_keys import PATH, PublishedKeys, keys_to_publish

router = APIRouter(tags=["reports"])


@router.get(PATH)
def keys(context: Context) -> PublishedKeys:
    """Return fingerprints and revocations; `verity verify --keys` reads them."""
    return keys_to_publish(context.environment.storage.keys)
