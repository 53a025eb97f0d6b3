"""Speaking SMTP: encryption, logging in, and what the server's answers mean."""

import ssl
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from aiosmtplib import (
    SMTPDataError,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from blog.mail.delivery import describe, is_permanent
from tests.mail.conftest import InState, Put, Working
from tests.mail.smtp import Inbox, receiving


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Signs certificates, and is known to nobody."""
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server on localhost encrypts with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process trust every certificate of the authority."""
    known = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(known))
    monkeypatch.setenv("SSL_CERT_FILE", str(known))


def let_anna_in(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
) -> AuthResult:
    """Know one person."""
    return AuthResult(success=data == LoginPassword(b"anna", b"open sesame"), handled=False)


@pytest.mark.usefixtures("trusted")
async def test_a_message_goes_by_starttls_after_logging_in(
    put: Put, working: Working, tls: ssl.SSLContext
) -> None:
    await put("susan@example.com")
    options = {"require_starttls": True, "auth_required": True, "authenticator": let_anna_in}
    async with (
        receiving(Inbox(), tls_context=tls, **options) as inbox,
        working(
            mail_port=inbox.port, mail_starttls=True, mail_username="anna",
            mail_password="open sesame",
        ),
    ):  # fmt: skip
        await inbox.holds(1)


@pytest.mark.usefixtures("trusted")
async def test_a_message_goes_by_tls_from_the_start(
    put: Put, working: Working, tls: ssl.SSLContext
) -> None:
    await put("susan@example.com")
    async with (
        receiving(Inbox(), ssl=tls) as inbox,
        working(mail_port=inbox.port, mail_use_tls=True),
    ):
        await inbox.holds(1)


async def test_a_server_with_an_unknown_certificate_gets_nothing(
    put: Put, working: Working, tls: ssl.SSLContext, in_state: InState
) -> None:
    await put("susan@example.com")
    async with (
        receiving(Inbox(), tls_context=tls) as inbox,
        working(mail_port=inbox.port, mail_starttls=True),
    ):
        (waiting,) = await in_state("queued", tried=True)
    assert "certificate" in str(waiting.last_error).lower()
    assert inbox.messages == []


async def test_a_server_that_does_not_know_starttls_gets_nothing(
    put: Put, working: Working, inbox: Inbox, in_state: InState
) -> None:
    await put("susan@example.com")
    async with working(mail_starttls=True):
        (waiting,) = await in_state("queued", tried=True)
    assert "STARTTLS" in str(waiting.last_error)
    assert inbox.messages == []


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_of_the_site_costs_no_message(
    put: Put, working: Working, tls: ssl.SSLContext, in_state: InState
) -> None:
    await put("susan@example.com")
    async with (
        receiving(Inbox(), tls_context=tls, authenticator=let_anna_in) as inbox,
        working(
            mail_port=inbox.port, mail_starttls=True, mail_username="anna", mail_password="wrong"
        ),
    ):
        (waiting,) = await in_state("queued", tried=True)
    assert str(waiting.last_error).startswith("535")


async def test_an_address_that_is_not_ascii_arrives(put: Put, working: Working) -> None:
    await put("jörg@example.com")
    await put("anna@bücher.example")
    async with (
        receiving(Inbox(), enable_SMTPUTF8=True) as inbox,
        working(mail_port=inbox.port),
    ):
        await inbox.holds(2)
    assert sorted(inbox.recipients) == ["anna@xn--bcher-kva.example", "jörg@example.com"]


def test_which_failures_are_permanent() -> None:
    refused = SMTPRecipientRefused(550, "No such\nperson", "a@example.com")
    assert is_permanent(SMTPRecipientsRefused([refused]))
    assert is_permanent(SMTPDataError(554, "Spam"))
    assert is_permanent(SMTPSenderRefused(553, "No", "a@example.com"))
    assert is_permanent(SMTPNotSupported("SMTPUTF8 is not supported"))
    assert not is_permanent(SMTPRecipientsRefused([SMTPRecipientRefused(451, "Later", "a@b.c")]))
    assert not is_permanent(SMTPServerDisconnected("gone"))
    assert not is_permanent(TimeoutError())
    assert describe(SMTPRecipientsRefused([refused])) == "550 No such person"
    assert describe(SMTPDataError(554, "No\0 \udcff")) == "554 No? ?"
