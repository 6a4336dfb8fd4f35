"""Roles and what they may do; one table that every route and every page asks."""

from enum import StrEnum


class Right(StrEnum):
    """Something that is allowed or not."""

    READ = "read"  # jobs, items, reports, sweeps of the account
    WORK = "work"  # submit, cancel, retry, sweeps, subscriptions, feedback
    REVIEW = "review"  # an examiner's opinion on a report
    MANAGE = "manage"  # people, keys, quotas, audit of the account
    OPERATE = "operate"  # the fleet and all accounts: the installation's own people


class Role(StrEnum):
    """A person's or key's place in an account."""

    READER = "reader"
    ANALYST = "analyst"
    EXAMINER = "examiner"
    ADMIN = "admin"


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.READER: frozenset({Right.READ}),
    Role.ANALYST: frozenset({Right.READ, Right.WORK}),
    Role.EXAMINER: frozenset({Right.READ, Right.WORK, Right.REVIEW}),
    Role.ADMIN: frozenset({Right.READ, Right.WORK, Right.REVIEW, Right.MANAGE}),
}


def rights_of(role: Role, *, is_operator: bool = False) -> frozenset[Right]:
    """Return what a role may do; admins of the operator's own account run the installation."""
    rights = _RIGHTS[role]
    return rights | {Right.OPERATE} if is_operator and role is Role.ADMIN else rights
