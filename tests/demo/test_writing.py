"""The texts of the demo data."""

from random import Random

from blog.demo.people import generate_people
from blog.demo.writing import Library
from tests.demo.test_history import TOPICS

PAGE = 20


def test_every_text_finds_its_words() -> None:
    library = Library(Random(1), posts=1_000)
    texts = [text for post in library.posts for text in (post.text, *post.comments)]
    texts += [*library.replies, *(text for comments in library.comments for text in comments)]
    assert not [text.body for text in texts if "$" in text.body]
    assert all(text.html.startswith("<") for text in texts)


def test_a_hundred_posts_are_all_different_and_their_topics_take_turns() -> None:
    posts = Library(Random(1), posts=100).posts[:100]
    # What is the same text in other words would begin or end alike.
    assert len({post.text.body[:20] for post in posts}) == len(posts)
    assert len({post.text.body[-20:] for post in posts}) == len(posts)
    for first in range(0, len(posts), PAGE):
        assert len({post.topic for post in posts[first : first + PAGE]}) > TOPICS / 2


def test_there_are_few_texts_for_a_million_posts_and_thousands_of_them() -> None:
    posts = Library(Random(1), posts=1_000_000).posts
    assert len(posts) < 5_000
    assert len({post.text.body for post in posts}) > 2_000


def test_usernames_are_unique() -> None:
    topics = Library(Random(1), posts=1).topics
    taken = {"robin"}
    people = list(generate_people(Random(1), 20_000, topics, taken))
    assert len(topics) == TOPICS
    assert len({person.username.lower() for person in people} - {"robin"}) == 20_000
    assert people[1].email == "robin@demo.example"
    for person in people:
        assert person.username.replace(".", "").replace("_", "").isascii()
        assert 1 <= len(person.username) <= 64
        assert 1 <= len(person.name) <= 64
        assert 1 <= len(person.location) <= 64
