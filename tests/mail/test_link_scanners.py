"""Link scanners of mail servers open every address in a mail, which must not change anything."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from blog.core.auth.viewer import OPERATOR
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Appeal, Base, MeasureKind, Site, User
from blog.moderation.measures.mails import mail_decision
from blog.moderation.measures.service import add_measure
from blog.moderation.rules import Grounds
from settings import Settings
from tests.jobs import do_job, finish_jobs
from tests.notifications.mail.support import mail_all
from tests.notifications.support import people
from tests.subscriptions.support import add_subscribers, publish, subscribe
from tests.support import PASSWORD, Browser, add_user, change_site, outbox

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "mail"
ADDRESS = re.compile(r"https://blog\.test[^\s\"<>]*")
# Their links have no tokens: people who open them have to log in.
# The link of "password_guessing" is that of "unlock_device".
WITHOUT_TOKENS = {
    "appeals_waiting", "application_error", "archive_stopped", "code_guessing", "comment_disabled",
    "email_changed", "email_is_in_use", "export_failed", "export_ready", "held_refused",
    "hidden_in_bulk", "import_done", "import_failed", "new_device", "new_user", "openid_connected",
    "openid_disconnected", "password_changed", "passkey_copied", "password_guessing", "post_hidden",
    "report_closed", "second_factor_changed", "token_made",
}  # fmt: skip
# Counted for the one who asks; all else is what people have done.
NOT_COMPARED = {"rate_limits", "heartbeats", "daily_figures", "monthly_activity", "route_days",
                "view_salts"}  # fmt: skip


async def content_of_all_tables(db: AsyncSession) -> dict[str, str | None]:
    """A digest of each table."""
    return {
        table.name: await db.scalar(
            text(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table.name} AS t")
        )
        for table in Base.metadata.sorted_tables
        if table.name not in NOT_COMPARED
    }


async def send_every_mail_with_a_token(app: Broadside, susans: Browser, db: AsyncSession) -> None:
    """Ask for each of them, as people do."""
    new = {"email": "new@example.com", "username": "new", "password": PASSWORD,
           "password2": PASSWORD}  # fmt: skip
    async with Browser(app) as visitor:
        await visitor.submit("/auth/register", new)
        await subscribe(visitor, "susan", "reader@example.com")
    async with Browser(app) as visitor:
        await visitor.submit("/auth/reset", {"email": "susan@example.com"})
        await visitor.submit("/auth/unlock", {"email": "susan@example.com"})
    moved = {"email": "moved@example.com", "password": PASSWORD}
    await susans.submit("/auth/change_email", moved)
    await susans.submit("/auth/delete-account", {"password": PASSWORD})
    async with app.app_context():
        susan = (await db.scalars(select(User).where(User.username == "susan"))).one()
        measure = await add_measure(db, OPERATOR, susan, MeasureKind.REMIND, Grounds("Ads"))
        appeal = Appeal(measure_id=measure.id, text="x", is_granted=False, answer="x")
        set_committed_value(measure, "appeal", appeal)
        await mail_decision(db, susan, measure)
        await db.commit()
    post_id = await publish(susans)
    await finish_jobs(app, "mail_post_to_subscribers")
    async with people(app, "nina") as found:
        await found["nina"].comment(post_id)
        await found["nina"].put(f"/posts/{post_id}/like")
    await mail_all(app)
    await mail_all(app, now() + timedelta(days=8))


async def decide_about_applicants(app: Broadside, db: AsyncSession) -> None:
    """Let one in whose address is not confirmed yet, and refuse another."""
    await change_site(app, registration="approval")
    await add_user(app, "root", role="Administrator")
    async with Browser(app) as administrator:
        await administrator.open_session("root")
        for name, decision in (("ann", "approve"), ("bea", "refuse")):
            form = {"email": f"{name}@example.com", "username": name, "password": PASSWORD,
                    "password2": PASSWORD, "application": "I like trams"}  # fmt: skip
            async with Browser(app) as applicant:
                await applicant.submit("/auth/register", form)
            user_id = await db.scalar(select(User.id).where(User.username == name))
            address = f"/admin/applications/{user_id}/{decision}"
            answer = await administrator.submit(address, {"reason": ""}, page="/admin/settings")
            assert answer.status_code == 302


async def test_opening_every_address_of_every_mail_changes_nothing(
    app: Broadside,
    susans_browser: Browser,
    susan: User,
    db: AsyncSession,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await add_subscribers(db, susan, 1)
    await send_every_mail_with_a_token(app, susans_browser, db)
    await decide_about_applicants(app, db)
    with monkeypatch.context() as patch:
        watched = make_settings(backup_target="s3://backups", admin_email="root@example.com")
        patch.setattr(app, "settings", watched)
        await db.execute(update(Site).values(created_at=now() - timedelta(days=3)))
        await db.commit()
        await do_job(app, "watch_backups")
    mails = await outbox(app)
    kinds = {template.stem for template in TEMPLATES.glob("*.txt")} - {"layout"}
    assert {mail.purpose.partition(":")[0] for mail in mails} >= kinds - WITHOUT_TOKENS
    before = await content_of_all_tables(db)
    await db.commit()
    opened = set()
    async with Browser(app) as scanner:
        for mail in mails:
            whole = f"{mail.text} {mail.html} {' '.join((mail.headers or {}).values())}"
            for address in set(ADDRESS.findall(whole)) - opened:
                answer = await scanner.get(address.replace("&amp;", "&"))
                assert answer.status_code in {200, 302}, (mail.purpose, address)
                await scanner.head(address)
                opened.add(address)
    assert len(opened) > 8
    assert await content_of_all_tables(db) == before
