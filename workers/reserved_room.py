"""Room on a cluster for the least that a driver needs: all of it, or nothing yet.

Two drivers that each got a scorer, and then waited for the core that the other one's scorer has,
would wait for ever. A placement group is given as a whole, is asked for again where one of its nodes
dies, shows an autoscaler what is wanted, and ends with the driver.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

from ray.exceptions import RayError
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from pipeline.errors import WorkerLostError
from workers.actors import Needs

RoleT = TypeVar("RoleT")


class ReservedRoom(Generic[RoleT]):
    """A place for one actor of each role, on as few nodes as can be."""

    def __init__(self, needs: Mapping[RoleT, Needs]) -> None:
        """Ask for it, and do not wait.

        Args:
            needs: what the actor of each role asks for.

        Raises:
            WorkerLostError: the cluster does not answer.
        """
        self._places = {role: number for number, role in enumerate(needs)}
        bundles = [{"CPU": it.n_cpus, "GPU": it.n_gpus} for it in needs.values()]
        wanted = [{name: much for name, much in it.items() if much} for it in bundles]
        try:
            self._group = placement_group(wanted, strategy="PACK")
        except (RayError, ConnectionError, RuntimeError) as error:
            raise WorkerLostError("The Ray cluster does not answer.") from error

    def place_of(self, role: RoleT) -> PlacementGroupSchedulingStrategy:
        """Return where the actor of a role goes once there is room for all."""
        return PlacementGroupSchedulingStrategy(self._group, self._places[role])

    def close(self) -> None:
        """Give the room back."""
        remove_placement_group(self._group)
