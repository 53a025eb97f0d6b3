"""Whatever people do and undo, they are notified of exactly what is still the case."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from blog.core.web.app import Broadside
from tests.notifications.support import Person, people
from tests.support import Browser

STEPS = 60


class Cause(NamedTuple):
    """What was done: its kind, the id of what was written or liked, the post, and who likes it."""

    what: str
    id: object
    post: int
    who: str = ""


@dataclass
class Line:
    """What the model knows of a line; `causes` are who did what."""

    recipient: str
    key: tuple[object, ...]
    is_read: bool = False
    causes: dict[Cause, str] = field(default_factory=dict)


class Model:
    """What everybody is to be notified of."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, recipient: str, key: tuple[object, ...], cause: Cause, actor: str) -> None:
        """Somebody is notified, in the unread line of this key."""
        if recipient == actor:
            return
        for line in self.lines:
            if (line.recipient, line.key, line.is_read) == (recipient, key, False):
                break
        else:
            line = Line(recipient, key)
            self.lines.append(line)
        line.causes[cause] = actor

    def take_back(self, is_gone: Callable[[Line, Cause], bool]) -> None:
        """The causes for which `is_gone` holds are not there any more."""
        for line in self.lines:
            line.causes = {
                cause: actor for cause, actor in line.causes.items() if not is_gone(line, cause)
            }

    def read(self, recipient: str) -> None:
        """Somebody has read all that is there; an empty line is not seen, but read as well."""
        for line in self.lines:
            if line.recipient == recipient:
                line.is_read = True

    def of(self, recipient: str) -> Counter[object]:
        """Kind, count, actors, and whether it is read, of each line."""
        return Counter(
            (line.key[0], len(line.causes), frozenset(filter(None, line.causes.values())),
             line.is_read)
            for line in self.lines
            if line.recipient == recipient and line.causes
        )  # fmt: skip


class Site:
    """Does at random what people may do, on the site and in the model."""

    def __init__(self, chance: random.Random, them: dict[str, Person], max_: Browser) -> None:
        self.chance, self.them, self.max = chance, them, max_
        self.model = Model()
        self.posts: dict[int, str] = {}
        self.hidden: set[int] = set()
        self.comments: dict[int, tuple[int, str]] = {}
        self.disabled: set[int] = set()

    def somebody(self) -> Person:
        return self.them[self.chance.choice(["susan", "nina", "robin"])]

    def post(self) -> int:
        """A post that everybody can read."""
        return self.chance.choice([post for post in self.posts if post not in self.hidden])

    def is_done(self, cause: Cause) -> bool:
        return any(cause in line.causes for line in self.model.lines)

    async def like(self) -> None:
        who, post = self.somebody(), self.post()
        cause = Cause("like", post, post, who.name)
        if self.chance.random() < 0.6:
            known = self.is_done(cause)
            assert (await who.put(f"/posts/{post}/like")).status_code == 204
            if not known:
                self.model.add(self.posts[post], ("like", post), cause, who.name)
        else:
            assert (await who.delete(f"/posts/{post}/like")).status_code == 204
            self.model.take_back(lambda _, each: each == cause)

    async def like_comment(self) -> None:
        if (comment := self.readable_comment()) is None or comment in self.disabled:
            return
        who, (post, author) = self.somebody(), self.comments[comment]
        cause = Cause("like", ("comment", comment), post, who.name)
        if self.chance.random() < 0.6:
            known = self.is_done(cause)
            assert (await who.put(f"/comments/{comment}/like")).status_code == 204
            if not known:
                self.model.add(author, ("like", "comment", comment), cause, who.name)
        else:
            assert (await who.delete(f"/comments/{comment}/like")).status_code == 204
            self.model.take_back(lambda _, each: each == cause)

    async def follow(self) -> None:
        who, whom = self.somebody(), self.somebody()
        if who is whom:
            return
        cause = Cause("follow", whom.name, 0, who.name)
        if self.chance.random() < 0.6:
            known = self.is_done(cause)
            await who.put(f"/users/{whom.name}/follow")
            if not known:
                self.model.add(whom.name, ("follow",), cause, who.name)
        else:
            await who.delete(f"/users/{whom.name}/follow")
            self.model.take_back(lambda _, each: each == cause)

    async def comment(self) -> None:
        who, parent = self.somebody(), self.readable_comment()
        if parent is None or parent in self.disabled or self.chance.random() < 0.5:
            post, answered = self.post(), ""
            comment = await who.comment(post)
        else:
            post, answered = self.comments[parent]
            comment = await who.comment(post, reply_to=parent)
        self.comments[comment] = post, who.name
        cause = Cause("comment", comment, post)
        if answered:
            self.model.add(answered, ("reply", parent), cause, who.name)
        if answered != self.posts[post]:
            self.model.add(self.posts[post], ("comment", post), cause, who.name)

    def readable_comment(self) -> int | None:
        there = [id_ for id_, (post, _) in self.comments.items() if post not in self.hidden]
        return self.chance.choice(there) if there else None

    async def delete_comment(self) -> None:
        if (comment := self.readable_comment()) is None:
            return
        _, author = self.comments.pop(comment)
        self.disabled.discard(comment)
        assert (await self.them[author].delete(f"/comments/{comment}")).status_code == 204
        about = {("reply", comment), ("like", "comment", comment)}
        self.model.take_back(
            lambda line, each: (
                line.key in about or (each.what in {"comment", "moderated"} and each.id == comment)
            )
        )

    async def moderate_comment(self) -> None:
        if (comment := self.readable_comment()) is None:
            return
        post, author = self.comments[comment]
        way = "enable" if comment in self.disabled else "disable"
        self.disabled ^= {comment}
        answer = await self.them["max"].post(f"/comments/{comment}/{way}", json={"reason": "x"})
        assert answer.status_code == 200, answer.text
        key = ("moderation", "comment", comment)
        self.model.take_back(
            lambda line, each: (
                line.key == key
                or (way == "disable" and each[:2] == ("comment", comment)
                    and line.recipient != author)
            )
        )  # fmt: skip
        self.model.add(author, key, Cause("moderated", comment, post), "")

    async def hide_or_show(self) -> None:
        hides = self.chance.random() < 0.5 and len(self.posts) - len(self.hidden) > 1
        if not hides and not self.hidden:
            return
        post = self.post() if hides else self.chance.choice(sorted(self.hidden))
        self.hidden ^= {post}
        answer = await self.max.submit(
            f"/moderate/{'hide' if hides else 'show'}/{post}", {"reason": "x"}
        )
        assert answer.status_code == 302
        author, key = self.posts[post], ("moderation", "post", post)
        self.model.take_back(
            lambda line, each: (
                line.key == key or (hides and line.recipient != author and each.post == post)
            )
        )
        self.model.add(author, key, Cause("moderated", None, post), "")

    async def write_or_delete_post(self) -> None:
        if len(self.posts) - len(self.hidden) < 3 or self.chance.random() < 0.5:
            await self.write_post()
            return
        post = self.post()
        author = self.posts.pop(post)
        self.comments = {id_: each for id_, each in self.comments.items() if each[0] != post}
        assert (await self.them[author].delete(f"/posts/{post}")).status_code == 204
        self.model.take_back(lambda _, each: each.post == post)

    async def write_post(self) -> None:
        who = self.somebody()
        self.posts[await who.write_post()] = who.name

    async def read(self) -> None:
        who = self.somebody()
        answer = await who.patch("/notifications/", json={"read": True})
        assert answer.json()["unread"] == 0
        self.model.read(who.name)

    async def step(self) -> str:
        """Do something; returns what it was."""
        acts = [
            self.like, self.like, self.like_comment, self.follow, self.comment, self.comment,
            self.delete_comment, self.moderate_comment, self.hide_or_show,
            self.write_or_delete_post, self.read,
        ]  # fmt: skip
        act = self.chance.choice(acts)
        await act()
        return act.__name__


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_is_left_over_and_nothing_is_missing(app: Broadside, seed: int) -> None:
    chance, done = random.Random(seed), []
    async with people(app, "susan", "nina", "robin", "max") as them, Browser(app) as browser:
        await browser.open_session("max")
        site = Site(chance, them, browser)
        for _ in range(3):
            await site.write_post()
        for _ in range(STEPS):
            done.append(await site.step())
            for name in ("susan", "nina", "robin"):
                found = Counter(
                    (each["kind"], each["count"], frozenset(each["actors"]), bool(each["read_at"]))
                    for each in await them[name].notifications("?per_page=100")
                )
                assert found == site.model.of(name), (name, done)
        for name in ("susan", "nina", "robin"):
            unread = sum(n for line, n in site.model.of(name).items() if not line[3])  # type: ignore[index]
            assert await them[name].unread() == unread
