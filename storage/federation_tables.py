"""The table of people as an identity provider knows them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import NOW, Table


class FederatedRow(Table):
    """A person as one provider (OpenID Connect) names them: by issuer and subject, never by address."""

    __tablename__ = "federated"
    __table_args__ = (Index("federated_of_person", "person_id"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.person_id"))
    email: Mapped[str]  # as the provider said when it was linked
    given_role: Mapped[str] = mapped_column(server_default="")  # by the last mapping; "": none
    linked_at: Mapped[datetime] = mapped_column(server_default=NOW)
    used_at: Mapped[datetime] = mapped_column(server_default=NOW)
