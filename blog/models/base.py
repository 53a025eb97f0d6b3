"""What every table shares: its metadata, and the types of the columns that recur."""

import uuid
from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Identity, Index, MetaData, Uuid, text
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    """The base of the tables. Constraints are named, so that a migration can name them."""

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
# Which sending of a form made the row (`blog.core.web.submissions`); the table has
# `once_a_submission`.
SubmissionKey = Annotated[uuid.UUID | None, mapped_column(Uuid)]
# Kept in the transaction that inserts or deletes what is counted; `blog recount` proves it.
Count = Annotated[int, mapped_column(BigInteger, server_default=text("0"), default=0)]


def once_a_submission(table: str) -> Index:
    """The index that lets each submission make one row. Most rows of a large site have none."""
    return Index(
        f"uq_{table}_submission",
        "submission",
        unique=True,
        postgresql_where=text("submission IS NOT NULL"),
    )
