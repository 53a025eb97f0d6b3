"""The history of the demo site has exactly the requested numbers, in order."""

from bisect import bisect_right
from collections import Counter
from random import Random

import pytest

from blog.demo.history import SPAN, History, Sizes
from blog.demo.people import FOUNDER, PATIENT, READER

TOPICS = 14
SMALL = Sizes(10, 100, 300, 45)
LARGE = Sizes(3_000, 5_000, 20_000, 60_000)


def history_of(sizes: Sizes, seed: int = 1) -> History:
    return History(Random(seed), sizes, range(TOPICS), TOPICS)


@pytest.mark.parametrize(
    "sizes",
    [
        SMALL,
        LARGE,
        Sizes(2, 1, 0, 0),
        Sizes(2, 1, 50, 1),
        Sizes(3, 2, 1, 3),
        Sizes(50, 1, 0, Sizes.most_follows(50)),
    ],
)
def test_the_counts_are_those_of_what_happened(sizes: Sizes) -> None:
    history = history_of(sizes)
    assert len(history.joined) == len(history.last_seen) == sizes.users
    assert len(history.posted) == sizes.posts
    assert len(history.commented) == sizes.comments

    def as_asked(counts: Counter[int], number: int) -> list[int]:
        return [counts[i] for i in range(number)]

    users, posts = sizes.users, sizes.posts
    assert list(history.post_count) == as_asked(Counter(history.author), users)
    assert list(history.comment_count) == as_asked(Counter(history.commented_post), posts)
    assert list(history.follower_count) == as_asked(Counter(history.followed), users)
    assert list(history.following_count) == as_asked(Counter(history.follower), users)
    assert list(history.like_count) == as_asked(Counter(history.liked), posts)
    assert len(set(zip(history.liker, history.liked, strict=True))) == len(history.liked)
    pairs = set(zip(history.follower, history.followed, strict=True))
    assert len(pairs) == sizes.follows
    assert all(follower != followed for follower, followed in pairs)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("sizes", [SMALL, Sizes(2, 1, 3, 1)])
def test_everything_comes_after_what_it_needs(sizes: Sizes, seed: int) -> None:
    history = history_of(sizes, seed)
    assert list(history.joined) == sorted(history.joined)
    assert list(history.posted) == sorted(history.posted)
    assert list(history.commented) == sorted(history.commented)
    for author, time in zip(history.author, history.posted, strict=True):
        assert history.joined[author] <= time <= history.last_seen[author]
    for post, author, time in zip(
        history.commented_post, history.commenter, history.commented, strict=True
    ):
        assert history.posted[post] <= time <= SPAN
        assert history.joined[author] <= time <= history.last_seen[author]


def test_a_large_site_has_the_people_that_are_hard_to_serve() -> None:
    history = history_of(LARGE)
    followed = {
        person: [b for a, b in zip(history.follower, history.followed, strict=True) if a == person]
        for person in (READER, PATIENT)
    }
    assert len(followed[READER]) == 1_000
    assert [history.post_count[person] for person in followed[PATIENT]] == [2] * 5
    newest_of_those = max(
        post for post, author in enumerate(history.author) if author in followed[PATIENT]
    )
    assert newest_of_those < LARGE.posts * 0.75
    assert (
        history.follower_count[FOUNDER] == LARGE.users - 2
    )  # neither themselves nor the patient one
    assert max(history.comment_count) >= LARGE.comments // 10


def test_a_few_write_much() -> None:
    counts = sorted(history_of(LARGE).post_count, reverse=True)
    assert sum(counts[: LARGE.users // 100]) > LARGE.posts * 0.07
    assert bisect_right(counts[::-1], 0) > LARGE.users * 0.1


@pytest.mark.parametrize(
    "sizes", [(1, 1, 0, 0), (2, 0, 0, 0), (2, 1, -1, 0), (2, 1, 0, -1), (3, 1, 0, 4)]
)
def test_sizes_that_cannot_be_are_refused(sizes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"there must be|can have at most"):
        Sizes(*sizes)
