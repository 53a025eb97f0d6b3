"""A batch of items from a source, prepared for writing."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from blog.core.i18n import LazyText
from blog.transfer.importing.companions import Companions, ReadyCompanions
from blog.transfer.importing.fields import CheckedPost
from blog.transfer.importing.post import ImportedProfile


class Remark(NamedTuple):
    """A remark about an item, and whether the whole item is left out."""

    item: str
    text: str
    is_left_out: bool


class NewPost(NamedTuple):
    """A validated post that hasn't been imported yet, with its name in the source."""

    item: str
    post: CheckedPost
    companions: Companions

    def replace(self, old: str, new: str) -> None:
        """Replace an address in all texts."""
        self.post.body = self.post.body.replace(old, new)
        self.companions.replace(old, new)


class ReadyPost(NamedTuple):
    """A rendered post with its companions, and its name in the source."""

    item: str
    post: CheckedPost
    html: str
    companions: ReadyCompanions


class ProfileItem(NamedTuple):
    """A profile, the name of the image for its picture, and its name in the source."""

    item: str
    profile: ImportedProfile
    avatar: str | None


@dataclass
class Batch:
    """Some items of a source.

    Attributes:
        posts: posts to add.
        profiles: profiles to fill in.
        remarks: remarks about these and all other items.
        known: the number of posts that were imported before.
        images: the names of images that no post in the batch shows.
        refused: the names of images that cannot be stored.
        counts: how many of the owner's choices were applied, by kind.
        tags: the names of tags to follow, by item.
    """

    posts: list[ReadyPost] = field(default_factory=list)
    profiles: list[ProfileItem] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    known: int = 0
    images: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    tags: dict[str, Sequence[str]] = field(default_factory=dict)

    def remarks_on(self, item: str) -> Callable[[str | LazyText], None]:
        """Return a function that adds a remark about an item that is imported."""
        return lambda text: self.remarks.append(Remark(item, str(text), False))
