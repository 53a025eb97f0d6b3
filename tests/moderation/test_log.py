"""The public log of moderation, and checking its chain."""

import asyncio
import json
import random
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.cli import main
from blog.core.auth import audit, moderation_log
from blog.core.auth.moderation_log import subject_text
from blog.core.auth.viewer import OPERATOR
from blog.core.clock import now
from blog.core.crypto.chain import GENESIS, BrokenChainError, ChainCheck, canonical_json, hash_of
from blog.core.i18n import using_language
from blog.core.web.app import Broadside
from blog.models import Act, LogEntry, Post, User
from blog.moderation.log import queries
from tests.support import Browser, NewUser, add_users

FILE = "/moderation/log.ndjson"


async def downloaded(browser: Browser, address: str = FILE) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await browser.get(address)).text.splitlines()]


def checked(records: list[dict[str, Any]]) -> ChainCheck:
    check = ChainCheck()
    for record in records:
        check.add(record)
    return check


async def log(db: AsyncSession, people: list[User], number: int) -> None:
    """Add entries of these people, by any of them."""
    for each in range(number):
        person, act = random.choice(people), random.choice([Act.HIDE_POST, Act.DISABLE])
        entry = audit.record(db, OPERATOR, act, person, post=each, reason=f"Reason {each} \u2028é")
        moderator = random.choice(people)
        entry.actor_id, entry.actor_name = moderator.id, moderator.username
        await moderation_log.publish(db, entry, {"number": 1, "text": "No “spam”\n"})
    await db.commit()


async def test_everybody_reads_who_did_what_but_not_to_whom(
    moderators_browser: Browser, browser: Browser, post: Post
) -> None:
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Very private"})
    page = await browser.get("/moderation/log")
    assert "Hid a post" in page.text
    assert 'href="/user/maud"' in page.text
    assert 'desc="2 statements"' in page.headers["server-timing"]
    (record,) = await downloaded(browser)
    assert record["hash"] in page.text
    for address in ("/moderation/log/feed.atom", "/moderation/log/feed.json"):
        feed = await browser.get(address)
        assert "Hid a post" in feed.text
        assert "maud" in feed.text
        assert record["hash"] in feed.text
    for address in ("/moderation/log", FILE, "/moderation/log/feed.atom"):
        answer = (await browser.get(address)).text
        assert "susan" not in answer
        assert "private" not in answer
        assert "post 1" not in answer
    assert set(record["openings"]) == {"moderator"}
    assert set(record["entry"]["commitments"]) == {"moderator", "person", "about", "reason"}


async def test_a_disabled_account_is_named_and_a_tag_too(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    await log(db, [susan], 1)
    entry = audit.record(db, OPERATOR, Act.DISABLE, susan, reason="Spam")
    await moderation_log.publish(db, entry)
    entry = audit.record(db, OPERATOR, Act.BLOCK_TAG, None, tag="<b>", reason="Spam")
    await moderation_log.publish(db, entry)
    await db.commit()
    page = (await browser.get("/moderation/log")).text
    assert "Disabled an account: <bdi>susan</bdi>" in page
    assert "Blocked a tag: <bdi>#&lt;b&gt;</bdi>" in page
    assert "(command line)" in page


async def test_the_name_of_a_deleted_account_goes_and_the_chain_holds(
    app: Broadside, browser: Browser, db: AsyncSession
) -> None:
    random.seed(4)
    names = [f"person{number}" for number in range(4)]
    people = await add_users(app, *map(NewUser, names))
    await log(db, list(people.values()), 25)
    before = checked(await downloaded(browser))
    for name in random.sample(names, 3):
        await db.execute(delete(User).where(User.id == people[name].id))
        await db.commit()
        records = await downloaded(browser)
        assert checked(records).head == before.head
        assert f'"{name}"' not in json.dumps(records)
        whole = await queries.records(db, 0, 1000, is_whole=True)
        assert checked(list(whole)).head == before.head
        assert f'"{name}"' not in json.dumps(whole)
    await log(db, [people[name] for name in names if name in json.dumps(whole)], 5)
    after = checked(await downloaded(browser))
    assert after.number == before.number + 5


def altered(records: list[dict[str, Any]], index: int, how: str) -> list[dict[str, Any]]:
    """A forged copy of a log."""
    records = json.loads(json.dumps(records))
    record = records[index]
    if how == "changed":
        record["entry"]["act"] = "enable account"
    elif how == "changed with its hash":
        record["entry"]["act"] = "enable account"
        record["hash"] = hash_of(record["entry"])
    elif how == "removed":
        del records[index]
    elif how == "in another order":
        records[index], records[index + 1] = records[index + 1], records[index]
    elif how == "another name":
        record["openings"]["moderator"]["value"] = "innocent"
    elif how == "not an entry":
        records[index] = ["entry"]  # type: ignore[call-overload]
    return records


@pytest.mark.parametrize(
    ("how", "found_at"),
    [("changed", 0), ("changed with its hash", 1), ("removed", 0), ("in another order", 0),
     ("another name", 0), ("not an entry", 0)],
)  # fmt: skip
async def test_the_first_broken_entry_is_found(
    browser: Browser, db: AsyncSession, susan: User, how: str, found_at: int
) -> None:
    await log(db, [susan], 6)
    records = await downloaded(browser)
    for index in range(4):
        with pytest.raises(BrokenChainError) as found:
            checked(altered(records, index, how))
        assert found.value.number == index + 1 + found_at


async def test_moderators_at_once_get_one_order(
    app: Broadside, browser: Browser, susan: User
) -> None:
    async def add(number: int) -> None:
        async with app.database.session() as session:
            entry = audit.record(session, OPERATOR, Act.HIDE_POST, susan, post=number)
            await moderation_log.publish(session, entry)
            await session.commit()

    await asyncio.gather(*(add(number) for number in range(12)))
    assert checked(await downloaded(browser)).number == 12


async def test_what_is_rolled_back_leaves_no_gap(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    entry = audit.record(db, OPERATOR, Act.HIDE_POST, susan)
    await moderation_log.publish(db, entry)
    await db.rollback()
    await log(db, [susan], 1)
    assert checked(await downloaded(browser)).number == 1


@pytest.mark.parametrize(
    "statement", ["DELETE FROM moderation_log_openings; DELETE FROM moderation_log",
                  "UPDATE moderation_log SET act = 'x'"],
)  # fmt: skip
async def test_nobody_can_change_an_entry(db: AsyncSession, susan: User, statement: str) -> None:
    await log(db, [susan], 1)
    with pytest.raises(DBAPIError, match="only ever added"):
        for each in statement.split(";"):
            await db.execute(text(each))


async def test_a_long_log_comes_in_several_files(
    browser: Browser, db: AsyncSession, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.moderation.log.pages.ENTRIES_PER_FILE", 2)
    monkeypatch.setattr("blog.moderation.log.queries.ROWS_AT_ONCE", 1)
    await log(db, [susan], 5)
    records, address = [], FILE
    while address:
        answer = await browser.get(address)
        records += [json.loads(line) for line in answer.text.splitlines()]
        address = answer.links["next"]["url"] if "next" in answer.links else ""
    assert checked(records).number == 5
    for wrong in ("x", "-1", "²", "9" * 30):
        assert (await browser.get(f"{FILE}?after={wrong}")).status_code == 400
    assert (await browser.get(f"{FILE}?after=9")).text == ""


async def test_a_stranger_verifies_a_downloaded_copy(
    browser: Browser, db: AsyncSession, susan: User, tmp_path: Any
) -> None:
    await log(db, [susan], 3)
    records = await downloaded(browser)
    copy = tmp_path / "log.ndjson"
    copy.write_text("".join(json.dumps(record) + "\n" for record in records))
    verify = ["moderation", "verify", "--file", str(copy)]
    run = CliRunner().invoke(main, [*verify, "--contains", records[1]["hash"].upper()])
    assert run.exit_code == 0, run.output
    assert records[-1]["hash"] in run.output
    run = CliRunner().invoke(main, [*verify, "--contains", "0123"])
    assert run.exit_code == 1
    assert "doesn't contain 0123" in run.output
    forged = altered(records, 1, "changed")
    copy.write_text("".join(json.dumps(record) + "\n" for record in forged))
    run = CliRunner().invoke(main, verify)
    assert run.exit_code == 1
    assert "Entry 2: was changed" in run.output


async def test_the_operator_finds_what_was_changed_in_the_database(
    db: AsyncSession, susan: User
) -> None:
    await log(db, [susan], 3)
    await db.execute(text("ALTER TABLE moderation_log DISABLE TRIGGER ALL"))
    await db.execute(update(LogEntry).where(LogEntry.number == 2).values(rule=None))
    await db.execute(text("ALTER TABLE moderation_log ENABLE TRIGGER ALL"))
    with pytest.raises(BrokenChainError, match="Entry 2"):
        checked(list(await queries.records(db, 0, 10, is_whole=True)))


def test_the_canonical_form_is_that_of_the_rfc() -> None:
    """RFC 8785, 3.2.2: the string of the example, and sorted names."""
    string = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    expected = '{"a":{"x":1,"y":null},"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical_json({"string": string, "a": {"y": None, "x": 1}}).decode() == expected


async def test_an_empty_log_is_a_chain_too(browser: Browser) -> None:
    assert await downloaded(browser) == []
    assert "Nothing yet" in (await browser.get("/moderation/log")).text
    assert ChainCheck().head == GENESIS


async def test_the_report_of_a_year_counts_what_the_log_has(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    year = now().year
    assert "Nothing yet" in (await browser.get(f"/moderation/report/{year}")).text
    for rule in ({"number": 2, "text": "<b>Be kind"}, {"number": 2, "text": "Be kind"}, None):
        entry = audit.record(db, OPERATOR, Act.HIDE_POST, susan)
        await moderation_log.publish(db, entry, rule)
    await db.commit()
    answer = await browser.get("/moderation/report")
    assert answer.headers["location"] == f"/moderation/report/{year}"
    page = await browser.get(f"/moderation/report/{year}")
    assert '<th scope="row">Hid a post</th><td class="number">3</td>' in page.text
    assert '<th scope="row">2. <bdi>Be kind</bdi></th><td class="number">2</td>' in page.text
    assert "cite none: 1." in page.text
    assert 'desc="2 statements"' in page.headers["server-timing"]
    for other in (year - 1, year + 1, 0, 99_999):
        assert (await browser.get(f"/moderation/report/{other}")).status_code == 404


@pytest.mark.parametrize("number", ["x", "-1", "9" * 19, "0" * 20 + "9" * 30, "0" * 5000, "\u0663"])
async def test_the_file_begins_after_the_number_of_an_entry(browser: Browser, number: str) -> None:
    assert (await browser.get(f"{FILE}?after={number}")).status_code == 400


@pytest.mark.parametrize("year", ["1" * 5000, "0001", "99999"])
async def test_there_is_no_report_of_other_years(browser: Browser, year: str) -> None:
    assert (await browser.get(f"/moderation/report/{year}")).status_code == 404


def test_what_was_done_to_many_is_in_the_language_of_the_reader_and_names_stay() -> None:
    assert subject_text("accounts: 1, posts: 1200") == "1 account and 1,200 posts"
    with using_language("de"):
        assert "1.200" in subject_text("accounts: 3, posts: 1200")
        for about in ("post 7, revision 2", "#posts: 3, again", "#a → #b", ""):
            assert subject_text(about) == about
