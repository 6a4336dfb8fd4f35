"""The table of embeddings that `verity search` and the job reports look through.

One vector for each item and a bounded number for its segments, apart from `segment`, so that an
index over them stays small; they go with the analysis that they belong to.
"""

from typing import Any

from pgvector.sqlalchemy import Vector
from sqlalchemy import Float, ForeignKey, Index, Integer, SmallInteger, cast, text
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import Table

WHOLE = 0  # `place` of an item's own vector; its segments follow from 1
INDEXED_LENGTH = 48  # of the shipped detector's vectors: HNSW needs one length an index


class EmbeddingRow(Table):
    """A vector of unit norm: of a whole item, or of one of its segments."""

    __tablename__ = "item_embedding"
    __table_args__ = (
        Index("item_embedding_of_account", "account_id", "detector", "place"),
        Index("item_embedding_of_job", "job_id", "place"),
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": 0.05}},
    )

    item_id: Mapped[int] = mapped_column(
        ForeignKey("analysis.item_id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[str]
    job_id: Mapped[int]
    detector: Mapped[str]  # SHA-256: vectors of two models cannot be compared
    start_s: Mapped[float] = mapped_column(Float)
    end_s: Mapped[float] = mapped_column(Float)
    track: Mapped[int] = mapped_column(SmallInteger)
    channel: Mapped[int] = mapped_column(SmallInteger)
    llr: Mapped[float | None] = mapped_column(REAL)
    embedding: Mapped[Any] = mapped_column(Vector())


def _nearest(kind: str, condition: str) -> Index:
    """Return an HNSW index over the vectors that have the shipped detector's length."""
    return Index(
        f"item_embedding_{kind}",
        cast(EmbeddingRow.embedding, Vector(INDEXED_LENGTH)).label("short"),
        postgresql_using="hnsw",
        postgresql_ops={"short": "vector_cosine_ops"},
        postgresql_where=text(f"{condition} AND vector_dims(embedding) = {INDEXED_LENGTH}"),
    )


_nearest("whole", f"place = {WHOLE}")
_nearest("part", f"place > {WHOLE}")
