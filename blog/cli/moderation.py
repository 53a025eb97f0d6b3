"""`blog moderation …`."""

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import urlopen

import click

from blog.cli.running import asynchronous, open_app
from blog.core.crypto.chain import BrokenChainError, ChainCheck
from blog.moderation.log.queries import all_records

SECONDS = 30
# Far longer than any entry.
LONGEST_LINE = 1024 * 1024
EVERYTHING = 2**63 - 1


@click.group()
def moderation() -> None:
    """Check the public moderation log."""


@moderation.command()
@click.option(
    "--file", "source", type=click.File("rb"), help="A downloaded copy; - is standard input."
)
@click.option("--url", help="The address of the log of any site: https://…/moderation/log.ndjson")
@click.option(
    "--contains", "known", multiple=True, metavar="HASH",
    help="A hash that you noted before; the log must have it. May be repeated.",
)  # fmt: skip
def verify(source: BinaryIO | None, url: str | None, known: tuple[str, ...]) -> None:
    """Check that no entry of the log was changed or removed.

    Reads the database of this site, unless --file or --url is given: then it needs neither a
    database nor settings. The exit code is 1 if the chain is broken, and the first broken entry is
    named.
    """
    if source is not None and url is not None:
        raise click.UsageError("--file excludes --url")
    check, wanted = ChainCheck(), {each.strip().lower() for each in known}
    if source is None and url is None:
        _verify_database(check, wanted)
    else:
        records = _parse_lines(source) if source is not None else _fetch_records(url or "")
        try:
            for record in records:
                _check_record(check, record, wanted)
        except BrokenChainError as error:
            raise click.ClickException(str(error)) from None
    _report(check, wanted)


@asynchronous
async def _verify_database(check: ChainCheck, wanted: set[str]) -> None:
    async with open_app() as app:
        try:
            async for records in all_records(app.database, 0, EVERYTHING, is_whole=True):
                for record in records:
                    _check_record(check, record, wanted)
        except BrokenChainError as error:
            raise click.ClickException(str(error)) from None


def _check_record(check: ChainCheck, record: Mapping[str, Any], wanted: set[str]) -> None:
    check.add(record)
    wanted.discard(check.head)


def _report(check: ChainCheck, missing: set[str]) -> None:
    if missing:
        raise click.ClickException(f"The log doesn't contain {', '.join(sorted(missing))}.")
    click.echo(f"The chain is unbroken. Entries: {check.number}. Hash of the last one:")
    click.echo(check.head)


def _parse_lines(source: BinaryIO) -> Iterator[Mapping[str, Any]]:
    number = 0
    while line := source.readline(LONGEST_LINE):
        number += 1
        try:
            yield json.loads(line)
        except ValueError:
            raise BrokenChainError(number, "isn't JSON.") from None


def _fetch_records(url: str) -> Iterator[Mapping[str, Any]]:
    """Fetch the entries at a URL, and at the following ones in its `Link` headers."""
    try:
        site, following = urlsplit(url), url
    except ValueError as error:
        raise click.UsageError(f"--url isn't an address: {error}") from None
    if site.scheme not in {"http", "https"}:
        raise click.UsageError("--url must begin with https:// or http://")
    while following:
        try:
            with urlopen(following, timeout=SECONDS) as response:  # noqa: S310 - checked above
                yield from _parse_lines(response)
                following = _parse_next_url(response.headers.get("Link", ""))
        except (OSError, HTTPException) as error:
            raise click.ClickException(f"{following} can't be read: {error}") from None
        if following and urlsplit(following)[:2] != site[:2]:
            raise click.ClickException(f"The log continues on another site: {following}")


def _parse_next_url(link: str) -> str:
    url, _, parameters = link.partition(">")
    return url.removeprefix("<") if 'rel="next"' in parameters else ""
