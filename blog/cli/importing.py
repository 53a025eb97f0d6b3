"""`blog import`."""

import sys
from collections import Counter
from contextlib import aclosing
from pathlib import Path

import click

from blog.cli.people import find_person
from blog.cli.running import asynchronous
from blog.core.text.process_pool import OverloadedError
from blog.transfer.importing.batch import Remark
from blog.transfer.importing.batches import batches
from blog.transfer.importing.post import SourceError
from blog.transfer.importing.processes import SourceReader
from blog.transfer.importing.report import summary
from blog.transfer.importing.writer import Writer


@click.command("import")
@click.argument("who", metavar="USER")
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Only report what would be imported.")
@asynchronous
async def import_(*, who: str, source: Path, dry_run: bool) -> None:
    """Import posts that a user has written elsewhere.

    FILE is an export of this site, WordPress (XML), Ghost (JSON) or Bear Blog (CSV), or a zip file
    or folder of Markdown with front matter, as for Hugo or Jekyll. Drafts stay drafts, and nobody
    is notified. Posts that were imported before are skipped, so the same command continues an
    interrupted import.
    """
    async with find_person(who) as (app, session, person):
        owner_id, name = person.id, person.username
        await session.close()
        counts, number = Counter[str](), 0
        bar = click.progressbar(
            length=1, label="items", file=sys.stderr, hidden=not sys.stderr.isatty(),
            show_pos=True, show_percent=False, show_eta=False,
        )  # fmt: skip
        try:
            async with SourceReader(source) as reading:
                kind, refused = await reading.begin()
                _print_remarks(
                    [Remark(each.name, text, True) for each in refused for text in each.remarks]
                )
                writer = Writer(reading, owner_id, is_trial=dry_run)
                with bar:
                    async with aclosing(batches(reading, writer, 0)) as steps:
                        async for found, batch in steps:
                            async with app.database.session() as transaction:
                                more, further = await writer.write(transaction, batch)
                                await transaction.commit()
                            counts += more
                            _print_remarks([*batch.remarks, *further])
                            bar.length = found.position + 1
                            bar.update(found.position - number)
                            number = found.position
        except SourceError as error:
            raise click.ClickException(str(error)) from None
        except OverloadedError as error:
            raise click.ClickException(f"the import was interrupted: {error}") from None
    click.echo(f"{'Would import' if dry_run else 'Imported'} for {name}, from {kind}:")
    for line in summary(counts):
        click.echo(f"  {line}")


def _print_remarks(remarks: list[Remark]) -> None:
    for remark in remarks:
        mark = "skipped: " if remark.is_left_out else ""
        click.echo(f"{remark.item}: {mark}{remark.text}", err=True)
