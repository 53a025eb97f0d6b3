"""The shape of a simulated site: who follows whom, and who writes.

The number of followers follows a power law: the person of rank k, from the most followed, is chosen
with a probability proportional to k^(-3/4), so that the number of people with more than f followers
falls with f^(-4/3). Twitter's fell with f^(-1.276) (Kwak et al., "What is Twitter, a social network
or a news media?", 2010). How many people someone follows has Pareto's distribution.
"""

from array import array
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from blog.follows.service import MOST_FOLLOWED

Row = tuple[Any, ...]

# The power of a uniform number that gives a rank with the distribution above.
OF_FOLLOWED, OF_AUTHORS = 4, 2
# The numbers of people that the measured readers follow, and how many readers there are of each.
FOLLOWING = (10, 100, 1_000, 10_000)
READERS = 5
# Nobody follows more than one in this many people: choosing at random would find no others.
LARGEST_SHARE = 10
SPAN = timedelta(days=30)
TIMES = 4_096
TEXT, HTML = "x" * 150, "x" * 300

USER_COLUMNS = (
    "id", "username", "email", "password_hash", "role_id", "post_count", "follower_count",
    "following_count",
)  # fmt: skip
FOLLOW_COLUMNS = ("follower_id", "followed_id", "created_at")
POST_COLUMNS = (
    "id", "author_id", "body", "body_html", "renderer_version", "created_at", "published_at",
)  # fmt: skip


class Size(NamedTuple):
    """The numbers of a simulated site.

    Attributes:
        people: the number of people, at least 100.
        follows: how many people each person follows, on average.
        posts: how many posts each person has written, on average.
    """

    people: int
    follows: int
    posts: int


class Shape:
    """Generates the rows, whose ids start at 1. Generate the follows and posts before the people.

    Args:
        size: the numbers of rows.
        seed: the random seed.
        until: the time of the last post.

    Attributes:
        readers: the ids of the readers that are measured, by the number of people that they follow.
            They write nothing.
        follower_count, post_count: the counts by id, of the rows that have been generated.
        authors: the authors of the posts, the oldest first.
    """

    def __init__(self, size: Size, seed: int, until: datetime) -> None:
        self._size, self._until = size, until
        self._random = Random(seed)  # noqa: S311
        self._most = min(size.people // LARGEST_SHARE, MOST_FOLLOWED)
        self.readers = {
            number: range(1 + READERS * place, 1 + READERS * (place + 1))
            for place, number in enumerate(FOLLOWING)
            if number <= self._most
        }
        first_writer = 1 + READERS * len(self.readers)
        # The ids by rank. Readers are not among them, so nobody follows them.
        self._ranked = array("I", range(first_writer, size.people + 1))
        self._random.shuffle(self._ranked)
        self.follower_count, self.post_count, self._following_count = (
            array("I", bytes(4 * (size.people + 1))) for _ in range(3)
        )
        self.authors = array("I")

    def follows(self) -> Iterator[Row]:
        """The follows, grouped by follower."""
        random, ranked, people = self._random.random, self._ranked, len(self._ranked)
        times = [self._until - SPAN * random() for _ in range(TIMES)]
        wanted = {reader: number for number, ids in self.readers.items() for reader in ids}
        for follower in range(1, self._size.people + 1):
            number = wanted.get(follower) or self._number_to_follow()
            chosen = {follower}
            while len(chosen) <= number:
                chosen.add(ranked[int(people * random() ** OF_FOLLOWED)])
            chosen.remove(follower)
            self._following_count[follower] = number
            for followed in sorted(chosen):
                self.follower_count[followed] += 1
                yield follower, followed, times[int(TIMES * random())]

    def _number_to_follow(self) -> int:
        """A number from a Pareto distribution with the wanted mean, with an upper limit."""
        return min(round(self._size.follows / 2 * self._random.paretovariate(2)), self._most)

    def posts(self) -> Iterator[Row]:
        """The posts, the oldest first, at even intervals."""
        number, people = self._size.posts * self._size.people, len(self._ranked)
        for post in range(1, number + 1):
            author = self._ranked[int(people * self._random.random() ** OF_AUTHORS)]
            self.authors.append(author)
            self.post_count[author] += 1
            time = self._until - SPAN * ((number - post) / number)
            yield post, author, TEXT, HTML, 0, time, time

    def people(self) -> Iterator[Row]:
        """The people, with their counts."""
        for id_ in range(1, self._size.people + 1):
            name = f"person{id_}"
            yield (
                id_, name, f"{name}@simulation.example", "", 1, self.post_count[id_],
                self.follower_count[id_], self._following_count[id_],
            )  # fmt: skip

    def first_recent_post(self, entries: int) -> int:
        """The id of the post such that it and all later posts have this many entries in total."""
        for post in range(len(self.authors), 0, -1):
            entries -= self.follower_count[self.authors[post - 1]]
            if entries <= 0:
                return post
        return 1

    def find_author(self, followers: int) -> int:
        """Find the person whose number of followers is nearest to this."""
        counts = self.follower_count
        return min(range(1, len(counts)), key=lambda id_: abs(counts[id_] - followers))
