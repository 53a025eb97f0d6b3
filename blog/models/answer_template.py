"""Templates for the answers of moderators."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId

LONGEST_NAME = 60


class AnswerTemplate(Base):
    """A text that moderators can choose when they close a report or take a measure."""

    __tablename__ = "answer_templates"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), unique=True)
    text: Mapped[str] = mapped_column(Text)
