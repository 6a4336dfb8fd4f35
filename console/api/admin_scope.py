"""What an admin looks at: their own account, or, where operators ask for it, the whole installation."""

from typing import Annotated

from fastapi import Depends, Query

from console.api.principals import Admin
from console.people.roles import Right
from pipeline.errors import AccessError

Everywhere = Annotated[
    bool, Query(description="All accounts instead of one's own: operators only.")
]


def scope_of(asking: Admin, everywhere: Everywhere = False) -> str | None:
    """Return the account that is looked at; None: all.

    Raises:
        AccessError: all accounts, and whoever asks is no operator (`right_missing`).
    """
    if not everywhere:
        return asking.account_id
    if Right.OPERATE not in asking.rights:
        raise AccessError("Only the installation's operators see all accounts.", "right_missing")
    return None


Scope = Annotated[str | None, Depends(scope_of)]
