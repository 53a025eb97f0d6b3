"""`blog mail test`."""

from pathlib import Path
from typing import Any

import pytest

from tests.mail.smtp import Inbox, receiving
from tests.servers import free_port, run

SMTP: dict[str, Any] = {
    "mail_server": "127.0.0.1",
    "mail_sender": "Our site <post@example.com>",
    "base_url": "https://blog.example.com",
    # Nobody asks it.
    "database_url": f"postgresql://127.0.0.1:{free_port()}/nothing",
}


async def test_a_real_message_is_sent_without_a_database(tmp_path: Path) -> None:
    async with receiving(Inbox()) as inbox:
        code, output = await run(
            tmp_path, "blog", "mail", "test", "Susan@example.com", mail_port=inbox.port, **SMTP
        )
        (message,) = inbox.messages
    assert code == 0, output
    number = message["Message-ID"].strip("<>").partition("@")[0]
    assert output == (
        f"127.0.0.1:{inbox.port} accepted message {number} for Susan@example.com. "
        "Check that it arrives.\n"
    )
    assert (message["From"], message["To"]) == ("Our site <post@example.com>", "Susan@example.com")
    assert message["Subject"] == "[Broadside] A test"
    body = message.get_body(("plain",))
    assert body is not None
    assert "https://blog.example.com can send email" in body.get_content()


@pytest.mark.parametrize(
    ("address", "changes", "reason"),
    [
        ("nobody@example.com", {}, "did not accept the message: "),
        ("susan@example.com", {"mail_port": free_port()}, "cannot connect to "),
        (
            "susan@example.com",
            {"mail_server": "", "env": "testing"},
            "no mail server is configured",
        ),
        ("susan", {}, "susan isn't an email address"),
    ],
)
async def test_what_goes_wrong_is_told_in_a_line(
    address: str, changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    async with receiving(Inbox(replies={"nobody@example.com": "550 5.1.1 Nobody"})) as inbox:
        settings = SMTP | {"mail_port": inbox.port} | changes
        code, output = await run(tmp_path, "blog", "mail", "test", address, **settings)
        assert inbox.messages == []
    assert code in {1, 2}
    assert reason in output.splitlines()[-1]
    assert "Traceback" not in output
