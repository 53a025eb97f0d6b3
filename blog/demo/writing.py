"""The texts of the demo data: composed from `texts/`, and rendered once.

Rendering is expensive, so the number of texts is limited, and they are reused: a thousand posts are
all different; among a million, each text recurs.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from string import Template
from typing import Any, NamedTuple

from blog.core.text.markdown import render_document, render_inline
from blog.demo.pictures import Picture

TEXTS = Path(__file__).parent / "texts"
HEADING = re.compile(r"#+ (.+)\n\s*")
# One in this many texts with a title has a figure.
FIGURED = 3
CAPTIONS = ("The view from here", "Where this began", "On the way", "What I had before my eyes")
# The maximum number of variants of each text.
MOST_ROUNDS = 30


class Text(NamedTuple):
    """Markdown and its HTML."""

    body: str
    html: str


class Topic(NamedTuple):
    """A topic, and profile texts about it."""

    name: str
    about: Sequence[str]


@dataclass(frozen=True, slots=True)
class WrittenPost:
    """A post: its title (if the text starts with a heading), its topic, comments on it, and the
    name of the picture that it shows."""

    title: str | None
    text: Text
    topic: int
    comments: Sequence[Text]
    picture: str | None = None


class Library:
    """All texts.

    Args:
        random: the source of randomness.
        posts: the number of posts; a small site gets fewer texts.
        pictures: the pictures for some of the texts.

    Attributes:
        topics: the topics.
        posts: the posts in order, to be used cyclically. Variants of a text come after all other
            texts.
        comments: by topic, general comments on its posts.
        replies: replies of authors to comments.
    """

    def __init__(self, random: Random, posts: int, pictures: Sequence[Picture] = ()) -> None:
        self._random = random
        self._pictures = pictures
        self._titled = 0
        self._words = _read("words.toml")
        general = _read("general.toml")
        contents = [_read(path) for path in sorted(TEXTS.glob("topics/*.toml"))]
        rounds = -(-posts // sum(len(content["posts"]) for content in contents))
        rounds = min(rounds, MOST_ROUNDS)

        self.topics = [Topic(content["name"], content["about"]) for content in contents]
        order = self._interleave([content["posts"] for content in contents])
        self.posts = [self._build_post(post, topic) for topic, post in order]
        self.posts += [
            self._build_post(post, topic, self._random.choice(general["closings"]))
            for _ in range(rounds - 1)
            for topic, post in order
        ]
        self.replies = [
            self._build_text(reply)
            for _ in range(rounds)
            for reply in self._shuffle(general["replies"])
        ]
        self.comments: list[list[Text]] = [[] for _ in contents]
        for _ in range(rounds):
            common = [self._build_text(comment) for comment in general["comments"]]
            for topic, content in enumerate(contents):
                own = [self._build_text(comment) for comment in content["comments"]]
                self.comments[topic] += self._shuffle(common + own)

    def _interleave(self, posts_by_topic: Sequence[Sequence[Any]]) -> list[tuple[int, Any]]:
        """Order all posts, with their topics, so that each topic is evenly distributed."""
        places = [
            ((place + self._random.random()) / len(posts), topic, post)
            for topic, posts in enumerate(posts_by_topic)
            for place, post in enumerate(self._shuffle(posts))
        ]
        return [(topic, post) for _, topic, post in sorted(places, key=lambda place: place[0])]

    def _shuffle(self, texts: Sequence[Any]) -> list[Any]:
        return self._random.sample(texts, len(texts))

    def _build_post(self, post: Mapping[str, Any], topic: int, closing: str = "") -> WrittenPost:
        """Render a post and its comments with the same words, so that they match."""
        words = self._choose_words()
        body = Template(f"{post['body']}\n{closing}").substitute(words).strip()
        heading = HEADING.match(body)
        title, body = (heading[1], body[heading.end() :]) if heading else (None, body)
        comments = [_render_text(comment, words) for comment in post["comments"]]
        self._titled += title is not None
        if title is None or not self._pictures or self._titled % FIGURED:
            return WrittenPost(title, Text(body, render_document(body)), topic, comments)
        place = self._titled // FIGURED
        picture = self._pictures[place % len(self._pictures)]
        body = _insert_figure(body, picture, CAPTIONS[place % len(CAPTIONS)])
        html = render_document(body, {picture.name: picture.facts})
        return WrittenPost(title, Text(body, html), topic, comments, picture.name)

    def _build_text(self, text: str) -> Text:
        return _render_text(text, self._choose_words())

    def _choose_words(self) -> dict[str, str]:
        words = {}
        for name, choices in self._words.items():
            words[name], words[name + "2"] = self._random.sample(choices, 2)
        return words


def _insert_figure(body: str, picture: Picture, caption: str) -> str:
    """Insert a figure before the last paragraph of a text."""
    beginning, _, end = body.rpartition("\n\n")
    figure = f'![{picture.alt}](/media/{picture.name} "{caption}")'
    return "\n\n".join(part for part in (beginning, figure, end) if part)


def _render_text(text: str, words: Mapping[str, str]) -> Text:
    body = Template(text).substitute(words)
    return Text(body, render_inline(body))


def _read(path: str | Path) -> dict[str, Any]:
    return tomllib.loads((TEXTS / path).read_text("utf-8"))
