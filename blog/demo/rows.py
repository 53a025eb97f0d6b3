"""The rows of the demo data: the history combined with users and texts."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from blog.core.text.excerpts import excerpt
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.text.reading_time import word_count
from blog.core.text.slugs import slug_of
from blog.demo.figures import DemonstrationFigures
from blog.demo.history import DAY, SPAN, History, Sizes
from blog.demo.people import FOUNDER, generate_people
from blog.demo.pictures import Picture
from blog.demo.writing import Library, Text, WrittenPost
from blog.models import Comment, HeldKind, PostStatus
from blog.review.content import Content

Row = tuple[Any, ...]

USER_COLUMNS = (
    "id", "username", "email", "role_id", "name", "location", "about_me", "password_hash",
    "created_at", "confirmed_at", "last_seen_at", "post_count", "follower_count",
    "following_count",
)  # fmt: skip
FOLLOW_COLUMNS = ("follower_id", "followed_id", "created_at")
POST_COLUMNS = (
    "id", "author_id", "title", "slug", "status", "body", "body_html", "excerpt", "word_count",
    "renderer_version", "created_at", "published_at", "edited_at", "comment_count", "like_count",
    "cover_id",
)  # fmt: skip
LIKE_COLUMNS = ("user_id", "post_id", "created_at")
MEDIA_COLUMNS = ("id", "owner_id", "name", "alt", "bytes")
POST_MEDIA_COLUMNS = ("post_id", "name")
POST_TAG_COLUMNS = ("post_id", "tag_id", "position", "author_id", "published_at")
HOUR = 3_600
# How many people have a draft.
DRAFTS = 20
# One in `COVERED` posts with a title has a cover.
COVERED = 2
COVERS_OF_AN_AUTHOR = 3
# The share of the comments after a reply by the author that answer it.
ANSWERS = 0.4
COMMENT_COLUMNS = (
    "id", "post_id", "author_id", "body", "body_html", "renderer_version", "created_at",
    "edited_at", "parent_id", "path",
)  # fmt: skip

# Comments that are held for review, and the rules that hold them.
HELD = (
    ("Lovely! I've written about this, too: https://travel.example/notes",
     [["link", "travel.example"]]),
    ("The first time that I write here. Thank you for this post.", [["first posts", ""]]),
    ("Cheap watches for everyone! Only today: https://watches.example",
     [["link", "watches.example"], ["word", "cheap watches"]]),
)  # fmt: skip


class Demonstration:
    """Generates the rows.

    Call each method once, in the order people, follows, posts, comments. Ids have to be ascending,
    like times.

    Args:
        sizes: the number of rows.
        seed: the random seed.
        until: the end of the history.
        pictures: the pictures of the covers and figures.

    Attributes:
        owned: who has which picture: the numbers of both. The founder has all pictures.
    """

    def __init__(
        self, sizes: Sizes, seed: int, until: datetime, pictures: Sequence[Picture] = ()
    ) -> None:
        self._random = Random(seed)  # noqa: S311
        self._slugs = Counter[tuple[int, str]]()
        self._beginning = until - timedelta(seconds=SPAN)
        self._library = Library(self._random, sizes.posts, pictures)
        topics_of_posts = [post.topic for post in self._library.posts]
        topics = len(self._library.topics)
        self.history = History(self._random, sizes, topics_of_posts, topics)
        # A separate source of randomness, so that everything else is the same without figures.
        self.figures = DemonstrationFigures(Random(seed), self.history, until)  # noqa: S311
        self._pictures = pictures
        self._covers = dict(self._choose_covers())
        self.owned = [(FOUNDER, number) for number in range(len(pictures))]
        self.owned += sorted(set(self._covers.values()) - set(self.owned))

    def _choose_covers(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """Choose posts for covers; yields each with its author and the number of a picture."""
        texts = self._library.posts
        titled = (
            (post, author)
            for post, author in enumerate(self.history.author if self._pictures else ())
            if texts[post % len(texts)].title
        )
        for number, (post, author) in enumerate(islice(titled, 0, None, COVERED)):
            picture = author * COVERS_OF_AN_AUTHOR + number % COVERS_OF_AN_AUTHOR
            yield post, (author, picture % len(self._pictures))

    def media(self, people: Sequence[int], ids: Sequence[int]) -> Iterator[Row]:
        """The images in the collections of their owners."""
        for id_, (owner, number) in zip(ids, self.owned, strict=True):
            picture = self._pictures[number]
            yield id_, people[owner], picture.name, picture.alt, picture.bytes

    def people(
        self, ids: Sequence[int], roles: Mapping[str, int], taken: set[str], password_hash: str
    ) -> Iterator[Row]:
        """The users; `roles` are the role ids by name, `taken` is as in `generate_people`."""
        history = self.history
        people = generate_people(self._random, len(ids), self._library.topics, taken)
        for number, (id_, person) in enumerate(zip(ids, people, strict=True)):
            joined = self._time(history.joined[number])
            yield (
                id_, person.username, person.email, roles[person.role], person.name,
                person.location, person.about_me, password_hash, joined, joined,
                self._time(history.last_seen[number]), history.post_count[number],
                history.follower_count[number], history.following_count[number],
            )  # fmt: skip

    def follows(self, people: Sequence[int]) -> Iterator[Row]:
        """The follows, after both users have joined."""
        history = self.history
        for follower, followed in zip(history.follower, history.followed, strict=True):
            both = max(history.joined[follower], history.joined[followed])
            time = both + (history.last_seen[follower] - both) * self._random.random()
            yield people[follower], people[followed], self._time(time)

    def posts(
        self, people: Sequence[int], ids: Sequence[int], media: Sequence[int]
    ) -> Iterator[Row]:
        """The posts, the oldest first; `media` are the ids of the images."""
        history, texts = self.history, self._library.posts
        covers: dict[tuple[int, int] | None, int] = dict(zip(self.owned, media, strict=True))
        shown = [(excerpt(post.text.html), word_count(post.text.html)) for post in texts]
        for number, id_ in enumerate(ids):
            place = number % len(texts)
            author, posted = people[history.author[number]], history.posted[number]
            yield (
                id_, author, *self._title_slug(author, texts[place].title), PostStatus.PUBLISHED,
                *texts[place].text, *shown[place], RENDERER_VERSION, self._time(posted),
                self._time(posted), self._edit_time(posted, 0.05, DAY),
                history.comment_count[number], history.like_count[number],
                covers.get(self._covers.get(number)),
            )  # fmt: skip

    def drafts(self, people: Sequence[int], ids: Sequence[int]) -> Iterator[Row]:
        """Drafts of the people who joined first, which use the last texts."""
        for number, (id_, author) in enumerate(zip(ids, people, strict=False)):
            post = self._draft_text(number)
            yield (
                id_, author, *self._title_slug(author, post.title), PostStatus.DRAFT, *post.text,
                excerpt(post.text.html), word_count(post.text.html), RENDERER_VERSION,
                self._time(SPAN - number * HOUR), None, None, 0, 0, None,
            )  # fmt: skip

    def _draft_text(self, number: int) -> WrittenPost:
        return self._library.posts[-1 - number % len(self._library.posts)]

    def post_media(self, posts: Sequence[int], drafts: Sequence[int]) -> Iterator[Row]:
        """The pictures that posts and drafts show."""
        texts = self._library.posts
        for number, post_id in enumerate(posts):
            if picture := texts[number % len(texts)].picture:
                yield post_id, picture
        for number, post_id in enumerate(drafts):
            if picture := self._draft_text(number).picture:
                yield post_id, picture

    @property
    def tags(self) -> list[str]:
        """The names of all tags, one for each topic."""
        return [topic.name for topic in self._library.topics]

    def post_tags(
        self, people: Sequence[int], posts: Sequence[int], tags: Sequence[int]
    ) -> Iterator[Row]:
        """The tags of posts with a title, which are their topics."""
        history, texts = self.history, self._library.posts
        for number, post_id in enumerate(posts):
            text = texts[number % len(texts)]
            if text.title:
                author, posted = people[history.author[number]], history.posted[number]
                yield post_id, tags[text.topic], 0, author, self._time(posted)

    def _title_slug(self, author: int, title: str | None) -> tuple[str | None, str | None]:
        """A title, and a slug that is unique among the posts of this author."""
        if title is None:
            return None, None
        slug = slug_of(title)
        self._slugs[author, slug] += 1
        number = self._slugs[author, slug]
        return title, slug if number == 1 else f"{slug}-{number}"

    def days_of_posts(self) -> Iterator[date]:
        """The day, in UTC, on which each post was published."""
        return (self._time(posted).astimezone(UTC).date() for posted in self.history.posted)

    def comments(
        self, people: Sequence[int], posts: Sequence[int], ids: Sequence[int]
    ) -> Iterator[Row]:
        """The comments on all posts, the oldest first. Authors reply to the last comment of another
        person, and some people answer them."""
        history = self.history
        random = Random(len(ids))  # noqa: S311 (as for the history of likes)
        already = array("I", [0]) * len(posts)
        # The ids of each post's last comment that isn't a reply, and of the author's reply to it.
        last, reply = (array("q", [0]) * len(posts) for _ in range(2))
        for id_, post, commenter, time in zip(
            ids, history.commented_post, history.commenter, history.commented, strict=True
        ):
            above: tuple[int, ...]
            if commenter == history.author[post]:
                body, html = self._random.choice(self._library.replies)
                above, reply[post] = (last[post],), id_
            else:
                body, html = self._comment(post, already[post])
                is_answer = reply[post] and random.random() < ANSWERS
                above = (last[post], reply[post]) if is_answer else ()
                reply[post], last[post] = 0, last[post] if is_answer else id_
            already[post] += 1
            yield (
                id_, posts[post], people[commenter], body, html, RENDERER_VERSION, self._time(time),
                self._edit_time(time, 0.02, Comment.EDITABLE_FOR.total_seconds()),
                *((above[-1], (*above, id_)) if above else (None, None)),
            )  # fmt: skip

    def held(self, people: Sequence[int], posts: Sequence[int]) -> list[dict[str, Any]]:
        """Comments by the newest people on the newest posts, which are held for review."""
        return [
            {
                "kind": HeldKind.COMMENT, "author_id": person, "post_id": post, "version": 0,
                "payload": {"body": body, "reply_to": None}, "reasons": reasons,
                "digest": Content(body).digest,
            }
            for person, post, (body, reasons) in zip(people[::-1], posts[::-1], HELD, strict=False)
        ]  # fmt: skip

    def _comment(self, post: int, place: int) -> Text:
        """Choose the comment at a position of a post; every other one was written for this post."""
        written = self._library.posts[post % len(self._library.posts)]
        if place % 2 == 0 and place // 2 < len(written.comments):
            return written.comments[place // 2]
        others = self._library.comments[written.topic]
        # Consecutive posts should not start at consecutive comments.
        return others[(17 * post + place) % len(others)]

    def likes(self, people: Sequence[int], posts: Sequence[int]) -> Iterator[Row]:
        """The likes of posts, in the days after they were published."""
        history = self.history
        random = Random(len(history.liker))  # noqa: S311 (as for the history of likes)
        for liker, post in zip(history.liker, history.liked, strict=True):
            posted = history.posted[post]
            time = min(posted + random.expovariate(1 / DAY), SPAN)
            yield people[liker], posts[post], self._time(time)

    def _time(self, seconds: float) -> datetime:
        return self._beginning + timedelta(seconds=seconds)

    def _edit_time(self, written: float, share: float, within: float) -> datetime | None:
        """The time of a later edit, for a random share of the texts."""
        if self._random.random() >= share:
            return None
        return self._time(min(written + within * self._random.random(), SPAN))
