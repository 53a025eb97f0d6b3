"""Domain events of moderation.

`with_everything` means that the event is part of a measure that hid everything by the author, or of
its end. The author is notified of that only once.
"""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class PostHidden(DomainEvent):
    """A moderator hid a post."""

    post_id: int
    author_id: int
    moderator_id: int
    with_everything: bool = False


@dataclass(frozen=True)
class PostShown(DomainEvent):
    """A moderator showed a hidden post again."""

    post_id: int
    author_id: int
    moderator_id: int
    with_everything: bool = False


@dataclass(frozen=True)
class CommentDisabled(DomainEvent):
    """A moderator disabled a comment."""

    comment_id: int
    post_id: int
    author_id: int
    moderator_id: int
    with_everything: bool = False


@dataclass(frozen=True)
class CommentEnabled(DomainEvent):
    """A moderator enabled a comment again."""

    comment_id: int
    post_id: int
    author_id: int
    moderator_id: int
    with_everything: bool = False


@dataclass(frozen=True)
class PostReported(DomainEvent):
    """A user reported a post."""

    report_id: int
    post_id: int
    reporter_id: int


@dataclass(frozen=True)
class CommentReported(DomainEvent):
    """A user reported a comment."""

    report_id: int
    comment_id: int
    reporter_id: int


@dataclass(frozen=True)
class ReportClosed(DomainEvent):
    """A moderator resolved or dismissed a report."""

    report_id: int
    reporter_id: int
    moderator_id: int


@dataclass(frozen=True)
class MeasureTaken(DomainEvent):
    """A moderator took a measure against a user."""

    measure_id: int
    person_id: int
    moderator_id: int


@dataclass(frozen=True)
class MeasureLifted(DomainEvent):
    """A moderator ended a measure."""

    measure_id: int
    person_id: int
    moderator_id: int


@dataclass(frozen=True)
class AppealMade(DomainEvent):
    """A user appealed against a measure."""

    measure_id: int
    person_id: int


@dataclass(frozen=True)
class AppealDecided(DomainEvent):
    """A moderator decided an appeal."""

    measure_id: int
    person_id: int
    moderator_id: int
    is_granted: bool
