"""The base class of the tables, and common column types."""

import uuid
from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Identity, Index, MetaData, Uuid, text
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    """The base class of the tables. Constraints have names, so that migrations can refer to
    them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger}  # noqa: RUF012


RowId = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
CreatedAt = Annotated[datetime, mapped_column(server_default=text("now()"))]
# The idempotency key of the form that created the row (`blog.core.web.submissions`); the table has
# the index `unique_submission_index`.
SubmissionKey = Annotated[uuid.UUID | None, mapped_column(Uuid)]
# Updated in the transaction that inserts or deletes a counted row; `blog recount` verifies it.
Count = Annotated[int, mapped_column(BigInteger, server_default=text("0"), default=0)]


def unique_submission_index(table: str) -> Index:
    """The partial unique index on the idempotency key. Most rows of a large site have no key."""
    return Index(
        f"uq_{table}_submission",
        "submission",
        unique=True,
        postgresql_where=text("submission IS NOT NULL"),
    )
