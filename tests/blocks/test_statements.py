"""What lists cost those who have muted somebody or hide words."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import HiddenWord, Mute, User
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts
from tests.support import Browser, NewUser, add_users
from tests.test_statement_counts import LOGGED_IN, statements_of

# A statement more tells which of the people on the page the viewer has muted.
WITH_NOTES = {"/user/david", "/post/{post}"}
WITH_TEXTS = {"/", "/user/david", "/explore?order=newest", "/post/{post}"}


@pytest.mark.parametrize("number", [1, 30])
async def test_hidden_people_and_words_take_at_most_one_statement_more_each(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession, number: int
) -> None:
    names = [f"person{each}" for each in range(number)]
    added = await add_users(app, NewUser("david"), *(NewUser(name) for name in names))
    last = (await add_posts(db, added["david"], 3))[-1]
    await add_comments(db, last, added["david"].id, number)
    post, before = last.id, {}
    for address in (*WITH_NOTES, *WITH_TEXTS, "/people"):
        await statements_of(susans_browser, address.format(post=post))
        before[address] = await statements_of(susans_browser, address.format(post=post))
    assert before["/"] == LOGGED_IN["/"]
    db.add_all(Mute(user_id=susan.id, muted_id=added[name].id) for name in names)
    await db.commit()
    for address, expected in before.items():
        taken = await statements_of(susans_browser, address.format(post=post))
        assert taken == expected + (address in WITH_NOTES), address
    hidden = {"user_id": susan.id, "is_tag": False}
    db.add_all(HiddenWord(word=name, folded=f"'{name}'", **hidden) for name in names)
    await db.commit()
    for address, expected in before.items():
        taken = await statements_of(susans_browser, address.format(post=post))
        assert taken == expected + (address in WITH_NOTES) + (address in WITH_TEXTS), address
