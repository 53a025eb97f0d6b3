"""The activity of the demo site: who did what, and when.

It is generated before anything is stored, so that the counts are known when rows are written. It
consists of arrays of numbers, about 20 bytes per action; texts are added row by row while the rows
are copied to the database.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from blog.demo.people import FOUNDER, MEMBER, PATIENT, READER, interests

DAY = 86_400.0
SPAN = 400 * DAY
# A site of this size has some users who rarely write.
LARGE_SITE = 1_000
FRIENDS_WHO_RARELY_WRITE = 5
MOST_COMMENTS_ON_ONE_POST = 10_000
# The likes of a post without comments, on average, and the additional ones for each comment.
MEAN_LIKES, LIKES_PER_COMMENT = 0.8, 0.4
# How many users these people follow; at most half of all.
FOLLOWED_BY = {MEMBER: 50, READER: 1_000}
TRIES = 12


@dataclass(frozen=True)
class Sizes:
    """The number of rows of each kind.

    Raises:
        ValueError: the numbers are impossible; the message says why.
    """

    users: int
    posts: int
    comments: int
    follows: int

    def __post_init__(self) -> None:
        if self.users < 2 or self.posts < 1 or self.comments < 0 or self.follows < 0:
            raise ValueError("there must be at least two users and one post")
        if self.follows > (most := self.most_follows(self.users)):
            raise ValueError(f"{self.users:,} users can have at most {most:,} follows")

    @staticmethod
    def most_follows(users: int) -> int:
        """Half of all pairs; with more, finding a free pair at random takes too long."""
        return users * (users - 1) // 2

    @property
    def rows(self) -> int:
        return self.users + self.posts + self.comments + self.follows


class History:
    """Who did what, and when. Users and posts are numbered from 0, the oldest first.

    Args:
        random: the source of randomness.
        sizes: the number of rows.
        topics_of_posts: the topics of the posts, repeated cyclically.
        topics: the number of topics.

    Attributes:
        joined, last_seen: per user, in seconds since the start, like all times here.
        post_count, follower_count, following_count: per user.
        follower, followed: per follow, grouped by follower.
        posted, author, comment_count, like_count: per post.
        liker, liked: per like, grouped by post.
        commented, commenter, commented_post: per comment, the oldest first.
    """

    def __init__(
        self, random: Random, sizes: Sizes, topics_of_posts: Sequence[int], topics: int
    ) -> None:
        self._random = random
        self._sizes = sizes
        large = sizes.users >= LARGE_SITE and sizes.posts >= LARGE_SITE
        middle = sizes.users // 2
        # Every tenth post is popular; on a large site every hundredth and thousandth even more so.
        self._remarkable = (10, 10, 100, 1_000) if large else (10,)
        self._quiet = range(middle, middle + FRIENDS_WHO_RARELY_WRITE) if large else range(0)
        self._interests = [interests(person, topics) for person in range(sizes.users)]
        self._generate_joins()
        self._generate_posts(topics_of_posts)
        self._generate_comments()
        self._generate_likes()
        self._generate_follows()
        # Users were last seen after their last action.
        self.last_seen = array("d", (t + (SPAN - t) * random.random() ** 2 for t in self._latest))

    def reset_counts(self) -> None:
        """Set all counts to 0, for a database whose triggers count."""
        users, posts = array("I", [0]) * self._sizes.users, array("I", [0]) * self._sizes.posts
        self.post_count = self.follower_count = self.following_count = users
        self.comment_count = self.like_count = posts

    def _generate_joins(self) -> None:
        """Most users join early, the founder first."""
        random, users = self._random.random, self._sizes.users
        self.joined = array("d", (0.9 * SPAN * ((i + random()) / users) ** 2 for i in range(users)))
        self.joined[FOUNDER] = 0.0
        self._latest = array("d", self.joined)

    def _count_joined(self, time: float) -> int:
        """Count the users who have joined by a time."""
        return bisect_right(self.joined, time)

    def _generate_times(self, number: int, first: float) -> "array[float]":
        """Generate ascending times of increasing density, from a fraction of the time span on."""
        random = self._random.random
        places = ((i + random()) / number for i in range(number))
        return array("d", (SPAN * (first + (1 - first) * place**0.5) for place in places))

    def _generate_posts(self, topics_of_posts: Sequence[int]) -> None:
        self.posted = self._generate_times(self._sizes.posts, 0.03)
        self.posted[0] = 0.03 * SPAN
        self.author = array("I")
        self.post_count = array("I", [0]) * self._sizes.users
        rare = self._rare_posts()
        for post, time in enumerate(self.posted):
            topic = topics_of_posts[post % len(topics_of_posts)]
            author = rare.get(post)
            if author is None:
                author = self._choose_author(self._count_joined(time), topic)
            self.author.append(author)
            self.post_count[author] += 1
            self._latest[author] = time

    def _rare_posts(self) -> dict[int, int]:
        """The posts by users who rarely write, two old ones each, with their authors."""
        if not self._quiet:
            return {}
        twentieths = range(5, 5 + 2 * FRIENDS_WHO_RARELY_WRITE)
        return {
            part * self._sizes.posts // 20: self._quiet[part % FRIENDS_WHO_RARELY_WRITE]
            for part in twentieths
        }

    def _choose_author(self, known: int, topic: int) -> int:
        """Choose an author with this interest; those who joined early write the most."""
        random = self._random.random
        for _ in range(TRIES):
            person = int(known * random() ** 2)
            if topic in self._interests[person] and person not in self._quiet:
                return person
        return FOUNDER if person in self._quiet else person

    def _generate_comments(self) -> None:
        """One post is discussed continually, others mostly while they are new."""
        posts, comments = self._sizes.posts, self._sizes.comments
        self.comment_count = array("I", [0]) * posts
        self.commented = self._generate_times(comments, 0.04)
        self.commenter = array("I")
        self.commented_post = array("I")
        popular, of_popular = posts // 10, min(comments // 10, MOST_COMMENTS_ON_ONE_POST)
        for comment, time in enumerate(self.commented):
            written = bisect_right(self.posted, time)
            remaining = comments - comment
            # Selection sampling of an exact number (Knuth, TAOCP 3.4.2, algorithm S).
            if written > popular and self._random.random() * remaining < of_popular:
                post = popular
                of_popular -= 1
            else:
                post = self._choose_post(written)
            person = self._choose_commenter(post, self._count_joined(time))
            self.commenter.append(person)
            self.commented_post.append(post)
            self.comment_count[post] += 1
            self._latest[person] = max(self._latest[person], time)

    def _choose_post(self, written: int) -> int:
        """Choose one of the first `written` posts, usually a new one, and often a popular one."""
        post = written - 1 - int(written * self._random.random() ** 5)
        if self._random.random() < 0.4:
            post -= post % self._random.choice(self._remarkable)
        return post

    def _choose_commenter(self, post: int, known: int) -> int:
        """Choose a commenter among the first `known` users, sometimes the author."""
        author = self.author[post]
        if self.comment_count[post] and self._random.random() < 0.15:
            return author
        person = int(known * self._random.random() ** 1.5)
        return person if person != author else (person + 1) % known

    def _generate_likes(self) -> None:
        """The more comments a post has, the more people like it, not counting its author."""
        # A separate source of randomness, so that everything else is the same without likes.
        random = Random(self._sizes.posts)  # noqa: S311
        self.liker, self.liked = array("I"), array("I")
        self.like_count = array("I")
        for post, time in enumerate(self.posted):
            known, author = self._count_joined(time), self.author[post]
            mean = MEAN_LIKES + LIKES_PER_COMMENT * self.comment_count[post]
            wanted = min(int(random.expovariate(1 / mean)), known // 2)
            people: set[int] = set()
            while len(people) < wanted:
                people.add(int(known * random.random() ** 1.5))
            people.discard(author)
            self.liker.extend(sorted(people))
            self.liked.extend([post] * len(people))
            self.like_count.append(len(people))

    def _generate_follows(self) -> None:
        """Nearly everyone follows the founder; those who joined early have the most followers."""
        random, users, remaining = self._random.random, self._sizes.users, self._sizes.follows
        self.follower = array("I")
        self.followed = array("I")
        self.following_count = array("I")
        self.follower_count = array("I", [0]) * users
        for person in range(users):
            wanted = self._number_to_follow(person, remaining)
            first = self._quiet if self._quiet and person == PATIENT else (FOUNDER,)
            chosen = [other for other in first if other != person][:wanted]
            seen = {person, *chosen}
            while len(chosen) < wanted:
                other = int(users * random() ** 2)
                if other not in seen:
                    seen.add(other)
                    chosen.append(other)
            for other in chosen:
                self.follower_count[other] += 1
                self._latest[person] = max(self._latest[person], self.joined[other])
            self.following_count.append(wanted)
            self.follower.extend([person] * wanted)
            self.followed.extend(chosen)
            remaining -= wanted

    def _number_to_follow(self, person: int, remaining: int) -> int:
        """How many users this one follows, if they and all later ones have `remaining` follows."""
        users = self._sizes.users
        if person in FOLLOWED_BY:
            wanted = min(users // 2, FOLLOWED_BY[person])
        elif person == PATIENT and self._quiet:
            wanted = FRIENDS_WHO_RARELY_WRITE
        else:
            mean = remaining / (users - person)
            wanted = 1 + int(self._random.expovariate(1) * max(mean - 1, 0) + self._random.random())
        at_least = remaining - (users - 1) * (users - 1 - person)
        return min(max(wanted, at_least), users - 1, remaining)
