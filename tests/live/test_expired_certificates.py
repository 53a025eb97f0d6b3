"""A server of ours whose certificate has expired is named by `blog check`, in one line."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tests.servers import run

LAST_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
# What PostgreSQL answers if a client asks for TLS (its protocol, SSLRequest).
TLS_IS_SPOKEN = b"S"


@asynccontextmanager
async def expired_server(folder: Path, *, is_database: bool) -> AsyncIterator[int]:
    """A server that gets no further than TLS; its port. `authority.pem` is whom to trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued = authority.issue_cert("127.0.0.1", not_after=LAST_YEAR)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if is_database:
                await reader.readexactly(8)
                writer.write(TLS_IS_SPOKEN)
                await writer.drain()
            await writer.start_tls(context)
        except (OSError, EOFError):
            pass  # Its client has seen enough.
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("kind", ["database", "replica", "storage", "mail"])
async def test_a_certificate_that_has_expired_is_one_line_of_the_check(
    kind: str, tmp_path: Path, site_url: str
) -> None:
    trusted = tmp_path / "authority.pem"
    async with expired_server(tmp_path, is_database=kind in {"database", "replica"}) as port:
        encrypted = (
            f"postgresql://susan:sekrit@127.0.0.1:{port}/blog"
            f"?sslmode=verify-full&sslrootcert={trusted}"
        )
        settings: dict[str, dict[str, object]] = {
            "database": {"database_url": encrypted},
            "replica": {"database_replica_url": encrypted},
            "storage": {
                "storage": "s3", "storage_bucket": "our-site", "storage_access_key": "susan",
                "storage_secret_key": "sekrit", "storage_endpoint": f"https://127.0.0.1:{port}",
            },
            "mail": {
                "mail_server": "127.0.0.1", "mail_port": port, "mail_use_tls": "true",
                "mail_sender": "post@example.com",
            },
        }  # fmt: skip
        code, output = await run(
            tmp_path / "site", "blog", "check",
            **{"database_url": site_url, "ssl_cert_file": trusted} | settings[kind],
        )  # fmt: skip
    assert code == 1, output
    (line,) = [line for line in output.splitlines() if "certificate has expired" in line]
    # Without a replica the primary answers.
    assert line.startswith("warning" if kind == "replica" else "serious"), line
    assert "Traceback" not in output
    assert "sekrit" not in output
