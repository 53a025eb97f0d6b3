"""One click in a mail program, with the headers of a mail that was received (RFC 8058)."""

from datetime import timedelta
from pathlib import Path

import pytest

from blog.core.clock import now
from blog.core.web.app import Broadside
from tests.live.remote_browser import RemoteBrowser
from tests.mail.conftest import Working
from tests.mail.smtp import Inbox
from tests.notifications.mail.support import choose, mail_all
from tests.notifications.support import people
from tests.servers import serving
from tests.support import Browser


@pytest.mark.live
async def test_one_click_from_outside_ends_the_kind_of_mail_that_was_received(
    app: Broadside, working: Working, inbox: Inbox, tmp_path: Path, database_url: str
) -> None:
    async with people(app, "nina", "robin") as them:
        nina, robin = them["nina"], them["robin"]
        async with Browser(app) as browser:
            await browser.open_session("nina")
            await choose(browser)
        post_id = await nina.write_post()
        await robin.comment(post_id)
        await robin.put(f"/posts/{post_id}/like")
        await mail_all(app)
        await mail_all(app, now() + timedelta(days=2))
        async with working():
            received = {mail["List-Id"].partition(".")[0]: mail for mail in await inbox.holds(2)}
        chosen = (await nina.get("/me/mail-settings")).json()
        async with serving(
            tmp_path, database_url=database_url, base_url="https://blog.test", env="testing",
            background_worker="external",
        ) as server:  # fmt: skip
            for kind in ("<comment", "<digest"):
                address = received[kind]["List-Unsubscribe"]
                assert address.startswith("<https://blog.test/") and address.endswith(">")
                field, _, value = received[kind]["List-Unsubscribe-Post"].partition("=")
                for method, body in (("GET", None), ("POST", {field: value})):
                    async with RemoteBrowser(server) as outside:
                        answer = await outside.request(method, address[1:-1], data=body)
                    assert answer.status_code == 200, answer.text
                    if method == "POST":
                        chosen[kind[1:]] = "never"
                    assert (await nina.get("/me/mail-settings")).json() == chosen
