"""Pairs of items that sound alike -> groups: every item of a group is like at least one other of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage.job_likeness_rows import AlikePair


@dataclass(frozen=True, slots=True)
class AlikeGroup:
    """Items that sound alike, in order of their numbers."""

    item_ids: tuple[int, ...]
    likeness: float  # of the pair that joined it last: no link of the group is weaker


def join_pairs(pairs: Iterable[AlikePair]) -> tuple[AlikeGroup, ...]:
    """Return the groups that pairs make, the largest first (single linkage, by union and find).

    Args:
        pairs: in any order; `aligned` counts where it is there, `cosine` otherwise.
    """
    parent: dict[int, int] = {}
    weakest: dict[int, float] = {}

    def root(item: int) -> int:
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = parent[parent[item]]  # halving: the next walk is shorter
            item = parent[item]
        return item

    ordered = sorted(pairs, key=lambda pair: (-_likeness(pair), pair.first_id, pair.second_id))
    for pair in ordered:
        first, second = root(pair.first_id), root(pair.second_id)
        if first == second:
            continue
        parent[second] = first
        weakest[first] = min(_likeness(pair), weakest.get(first, 1.0), weakest.get(second, 1.0))
    members: dict[int, list[int]] = {}
    for item in parent:
        members.setdefault(root(item), []).append(item)
    groups = [AlikeGroup(tuple(sorted(items)), weakest[top]) for top, items in members.items()]
    return tuple(sorted(groups, key=lambda group: (-len(group.item_ids), group.item_ids)))


def _likeness(pair: AlikePair) -> float:
    return pair.cosine if pair.aligned is None else pair.aligned
