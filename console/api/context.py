"""What the routes work with: one for each server process, in `app.state`."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from console.api.estimating import Estimating
from console.api.examining import Examining
from console.api.item_room import ItemRoom
from console.api.job_shelf import JobShelf
from console.api.receiving import Receiving, UploadLimits
from console.api.settings import ApiSettings
from console.api.slow_work import SlowWork
from console.people.administration import AdministrationDesk
from console.people.desk import PeopleDesk
from console.people.federation import FederationDesk
from console.people.keys import KeyDesk
from console.people.members import MemberDesk
from console.people.provider import Provider
from console.settings import ConsoleSettings
from jobs.connections import ConnectionDesk
from jobs.job_desk import JobDesk
from jobs.notices import NoticeDesk
from jobs.quota import QuotaDesk
from jobs.settings import JobsSettings
from jobs.sweep_desk import SweepDesk
from storage.objects import ObjectStore

PROVIDER_BACK = "/sign-in/provider/back"  # where an identity provider sends people


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Desks over one database and one object store."""

    settings: ApiSettings
    engine: Engine
    objects: ObjectStore
    jobs_settings: JobsSettings
    examining: Examining
    # for those who look at settings, and for keys and stamps of examiners' opinions
    environment: ConsoleSettings = field(default_factory=lambda: ConsoleSettings({}))
    receiving: Receiving = field(init=False)
    items: ItemRoom = field(init=False)
    job_shelf: JobShelf = field(init=False)
    provider: Provider | None = field(init=False)  # that people may sign in with
    slow_work: SlowWork = field(default_factory=SlowWork)
    estimating: Estimating = field(default_factory=Estimating)

    def __post_init__(self) -> None:
        """Make what remembers something between requests."""
        limits = UploadLimits(self.jobs_settings.limits.max_bytes, self.settings.uploads_bytes)
        receiving = Receiving(self.engine, self.objects, limits)
        object.__setattr__(self, "receiving", receiving)  # frozen for everybody else
        folder = self.examining.lasting_folder()
        items = ItemRoom(folder, self.objects, self.settings.listen_bytes)
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "job_shelf", JobShelf(self.examining.lasting_folder()))
        chosen = self.settings.provider
        back = f"{self.settings.public_url}{PROVIDER_BACK}"
        object.__setattr__(self, "provider", None if chosen is None else Provider(chosen, back))

    @property
    def desk(self) -> JobDesk:
        """Return the desk of jobs."""
        return JobDesk(self.engine)

    @property
    def sweeps(self) -> SweepDesk:
        """Return the desk of sweeps."""
        return SweepDesk(self.engine)

    @property
    def notices(self) -> NoticeDesk:
        """Return the desk of subscriptions."""
        return NoticeDesk(self.engine, self.jobs_settings.sealer)

    @property
    def connections(self) -> ConnectionDesk:
        """Return the desk of buckets that are bound to accounts."""
        return ConnectionDesk(self.engine)

    @property
    def quota(self) -> QuotaDesk:
        """Return the desk of what accounts and keys may use."""
        return QuotaDesk(self.engine)

    @property
    def people(self) -> PeopleDesk:
        """Return the desk of people."""
        return PeopleDesk(self.engine, self.jobs_settings.sealer, self.settings.sign_up)

    def federation(self, provider: Provider) -> FederationDesk:
        """Return the desk of people whom a provider vouches for."""
        return FederationDesk(self.engine, provider.settings, self.settings.sign_up)

    @property
    def members(self) -> MemberDesk:
        """Return the desk of an account's people."""
        return MemberDesk(self.engine)

    @property
    def administration(self) -> AdministrationDesk:
        """Return the desk of admins about other people."""
        return AdministrationDesk(self.engine)

    @property
    def keys(self) -> KeyDesk:
        """Return the desk of keys."""
        return KeyDesk(self.engine)


def context_of(request: Request) -> ApiContext:
    """Return the context of the app that answers."""
    context = request.app.state.context
    assert isinstance(context, ApiContext)
    return context


Context = Annotated[ApiContext, Depends(context_of)]
