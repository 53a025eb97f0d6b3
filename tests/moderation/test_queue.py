"""The queue of reports: claims, notes, answers and their templates."""

import asyncio
import html
import re
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.credentials import load_credentials
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    AnswerTemplate,
    Comment,
    HeldItem,
    HeldKind,
    LoginSession,
    ModeratorNote,
    Report,
    User,
)
from tests.jobs import finish_jobs
from tests.moderation.support import acts
from tests.support import Browser, add_user, outbox

QUEUE, REPORT = "/moderate/reports", "/moderate/reports/1"


async def text_of(browser: Browser, address: str) -> str:
    return html.unescape((await browser.get(address)).text)


async def test_a_report_is_claimed_by_one_moderator_and_free_after_an_hour(
    davids_browser: Browser, moderators_browser: Browser, other_moderators_browser: Browser,
    db: AsyncSession, comment: Comment,
) -> None:  # fmt: skip
    maud, mona = moderators_browser, other_moderators_browser
    await davids_browser.submit("/report/post/1", {"reason": "Loud"})
    answers = await asyncio.gather(
        *(each.submit(f"{REPORT}/claim", page=QUEUE) for each in (maud, mona))
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    claimant = (
        await db.scalars(select(User.username).join(Report, Report.claimed_by_id == User.id))
    ).one()
    await db.rollback()
    first, second = (maud, mona) if claimant == "maud" else (mona, maud)
    assert "You’re working on this" in await text_of(first, QUEUE)
    for address in (QUEUE, REPORT):
        assert f"<bdi>{claimant}</bdi> is working on this" in await text_of(second, address)
    typed = {"outcome": "dismissed", "answer": "All is well", "reason": "Nothing"}
    refused = await second.submit(REPORT, typed)
    assert refused.status_code == 422
    for shown in (f"{claimant} is working on this report", "All is well", "Nothing"):
        assert shown in refused.text
    quick = await second.submit(f"{REPORT}/dismiss", {"reason": "Typed"}, page=QUEUE)
    assert (quick.status_code, "Typed" in quick.text) == (409, True)
    await second.submit(f"{REPORT}/release", page=QUEUE)
    assert "is working on this" in await text_of(second, QUEUE)
    # A claim doesn't last, and can be given up.
    await db.execute(update(Report).values(claimed_at=now() - timedelta(minutes=61)))
    await db.commit()
    assert (await second.submit(f"{REPORT}/claim", page=QUEUE)).status_code == 302
    assert "You’re working on this" in await text_of(second, REPORT)
    await second.submit(f"{REPORT}/release", page=REPORT)
    assert (await first.submit(REPORT, typed)).status_code == 302
    await second.submit(f"{REPORT}/claim", page="/write")
    assert "This report is closed." in await text_of(second, "/moderate/posts")
    for wrong in ("", "x", "open"):
        answer = await first.submit(REPORT, {"outcome": wrong}, page="/write")
        assert answer.status_code == 422


async def test_moderators_see_in_their_navigation_how_much_waits(
    app: Broadside, davids_browser: Browser, susans_browser: Browser, moderators_browser: Browser,
    db: AsyncSession, comment: Comment, david: User,
) -> None:  # fmt: skip
    def numbers(page: str) -> list[tuple[str, str]]:
        return re.findall(r'(Reports|Review) <span class="count">([^<]+)</span>', page)

    maud = moderators_browser
    assert numbers(await text_of(maud, "/moderate")) == []
    await davids_browser.submit("/report/post/1", {"reason": "Loud"})
    await susans_browser.submit("/report/comment/1", {"reason": "Rude"})
    held = {"author_id": david.id, "post_id": 1, "reasons": [], "digest": "0" * 64, "version": 0}
    rows = [HeldItem(kind=HeldKind.COMMENT, payload={"body": "Hm"}, **held) for _ in range(100)]
    db.add_all(rows[:3])
    await db.commit()
    assert numbers(await text_of(maud, "/moderate")) == [("Reports", "2"), ("Review", "3")]
    # It is what the lists have, and nothing is counted for others.
    await maud.submit(f"{REPORT}/dismiss", page=QUEUE)
    rows[0].decided_at, rows[0].is_approved = now(), False
    db.add_all(rows[3:])
    await db.commit()
    assert numbers(await text_of(maud, "/moderate")) == [("Reports", "1"), ("Review", "99")]
    db.add(HeldItem(kind=HeldKind.COMMENT, payload={}, **held))
    await db.commit()
    assert numbers(await text_of(maud, "/moderate"))[1] == ("Review", "99+")
    async with app.database.session() as session:
        found = await session.scalars(select(LoginSession.token_hash).order_by(LoginSession.id))
        for login in await load_credentials(session, found.all(), kind=LoginSession):
            assert login is not None
            is_moderator = login.user.username == "maud"
            assert (login.user.open_reports, login.user.held_items) == (
                (1, 100) if is_moderator else (0, 0)
            )


async def test_a_moderator_knows_what_was_before_and_answers_with_a_template(
    app: Broadside, davids_browser: Browser, susans_browser: Browser, moderators_browser: Browser,
    other_moderators_browser: Browser, db: AsyncSession, comment: Comment, susan: User,
) -> None:  # fmt: skip
    maud, mona = moderators_browser, other_moderators_browser
    db.add(AnswerTemplate(name="Not ours", text="We don't decide about this."))
    await db.commit()
    await maud.submit("/moderate/hide/1", {"reason": "First warning"})
    await maud.submit("/moderate/show/1", {"reason": "Better"})
    await davids_browser.submit("/report/post/1", {"reason": "Loud again"})
    note = {"text": "Promised to <stop>", "report": "1"}
    await maud.submit(f"/moderate/people/{susan.id}/notes", note, page=REPORT)
    for text, status in (("", 422), ("x" * 2_001, 422), ("Other report", 302)):
        form = {"text": text, "report": "4711"}
        answer = await maud.submit(f"/moderate/people/{susan.id}/notes", form, page=REPORT)
        assert answer.status_code == status
    assert (await maud.submit("/moderate/people/4711/notes", note, page=REPORT)).is_error
    notes = await db.execute(select(ModeratorNote.report_id).order_by(ModeratorNote.id))
    assert [row.report_id for row in notes] == [1, None]
    await db.rollback()
    for address in (REPORT, f"/moderate/people/{susan.id}"):
        page = await text_of(mona, address)
        for shown in ("Promised to <stop>", "First warning", "Public posts", "Hidden posts"):
            assert shown in page, (address, shown)
        assert (await susans_browser.get(address)).status_code == 403
    assert "Promised" not in await text_of(susans_browser, "/auth/measures")
    # A button inserts the text, and nothing else happens.
    chosen = {"use_template": "1", "template": "1", "answer": "Dear David,", "reason": "Ours"}
    inserted = await maud.submit(REPORT, chosen)
    assert inserted.status_code == 200
    assert "Dear David,\n\nWe don&#39;t decide about this.</textarea>" in inserted.text
    assert "Ours</textarea>" in inserted.text
    for unknown, status in (("4711", 404), ("x", 200), ("", 200)):
        answer = await maud.submit(REPORT, {**chosen, "template": unknown})
        assert answer.status_code == status
    page = f"/moderate/people/{susan.id}"
    measuring = {"use_template": "1", "template": "1", "kind": "limit"}
    filled = await maud.submit(page, measuring)
    assert "We don&#39;t decide about this.</textarea>" in filled.text
    assert 'value="limit" required checked' in filled.text
    mails = len(await outbox(app))
    closing = {"outcome": "dismissed", "answer": "Dear David, no.", "reason": "Ours"}
    assert (await maud.submit(REPORT, closing)).status_code == 302
    await finish_jobs(app, "tell_reporter")
    mail = (await outbox(app))[mails:]
    assert [each.recipient for each in mail] == ["david@example.com"]
    assert "Dear David, no." in mail[0].text
    assert "decided not to take action" in mail[0].text
    assert "Ours" not in mail[0].text
    own = await text_of(davids_browser, "/auth/measures")
    assert "Dear David, no." in own
    assert "Ours" not in own
    assert "Note: <bdi>Ours</bdi>" in await text_of(mona, "/moderate/reports/closed")
    assert (await acts(db))[-1][1] == "dismiss report"


async def test_administrators_keep_the_templates(
    app: Broadside, moderators_browser: Browser, db: AsyncSession
) -> None:
    await add_user(app, "root", role="Administrator")
    async with Browser(app) as root:
        await root.open_session("root")
        template = {"name": "Not ours", "text": "We don't decide about this."}
        assert (await root.submit("/admin/answers", template)).status_code == 302
        again = await root.submit("/admin/answers", {"name": "Not ours", "text": "Typed"})
        assert (again.status_code, "Typed" in again.text) == (422, True)
        await root.submit("/admin/answers", {"name": "Other", "text": "x"})
        other = (await db.scalars(select(AnswerTemplate.id).order_by(AnswerTemplate.id))).all()[-1]
        await db.rollback()
        taken = await root.submit(f"/admin/answers/{other}", {"name": "Not ours", "text": "x"})
        assert "already a template" in taken.text
        await root.submit(f"/admin/answers/{other}/delete", page=f"/admin/answers/{other}")
        assert "Other" not in await text_of(root, "/admin/answers")
    assert (await moderators_browser.get("/admin/answers")).status_code == 403
