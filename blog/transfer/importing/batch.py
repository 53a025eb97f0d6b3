"""A batch of items of a source, prepared to be written."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from blog.core.i18n import LazyText
from blog.transfer.importing.companions import Companions, ReadyCompanions
from blog.transfer.importing.fields import CheckedPost
from blog.transfer.importing.post import ImportedProfile


class Remark(NamedTuple):
    """What is said of an item; whether the whole item is left out."""

    item: str
    text: str
    is_left_out: bool


class New(NamedTuple):
    """A post that is not here yet, validated; its name in the source."""

    item: str
    post: CheckedPost
    companions: Companions

    def replace(self, old: str, new: str) -> None:
        """Replace an address in all texts."""
        self.post.body = self.post.body.replace(old, new)
        self.companions.replace(old, new)


class Ready(NamedTuple):
    """A post that is rendered, with what comes with it; its name in the source."""

    item: str
    post: CheckedPost
    html: str
    companions: ReadyCompanions


class Person(NamedTuple):
    """A profile, with the name of the image that becomes the picture; its name in the source."""

    item: str
    profile: ImportedProfile
    avatar: str | None


@dataclass
class Batch:
    """Some items of a source.

    Attributes:
        posts: those to be added.
        people: those whose profiles are to be filled in.
        remarks: what is said of these and the others.
        known: how many posts are here already.
        images: the names of those that no post of the batch shows.
        refused: the names of images that cannot be taken.
        counts: how much the owner has of what they had chosen.
        tags: the names of tags to follow, by their items in the source.
    """

    posts: list[Ready] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    known: int = 0
    images: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    tags: dict[str, Sequence[str]] = field(default_factory=dict)

    def remarks_on(self, item: str) -> Callable[[str | LazyText], None]:
        """A function that adds a remark about an item that is not left out."""
        return lambda text: self.remarks.append(Remark(item, str(text), False))
