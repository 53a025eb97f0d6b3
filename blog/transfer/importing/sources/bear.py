"""The CSV export of Bear Blog, with one row per post.

https://github.com/HermanMartinus/bearblog, `blogs/backup.py`
"""

import csv
import io
import json
from collections.abc import Iterator

from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.transfer.importing.archive import MIB, Archive, open_file
from blog.transfer.importing.dates import NO_DATE
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import Entry, ImportedPost, SourceError
from blog.transfer.importing.sources.source import Remarks, find_cover, replace_images, text_list

NOT_CSV = lazy_gettext("This CSV file isn't an export from Bear Blog.")
BREAKS_OFF = lazy_gettext(
    "The file is damaged from line %(line)s. Everything before that is imported."
)
PAGE = lazy_gettext("It's a page, not a post.")
NO_TEXT = lazy_gettext("It has no text.")
ALIAS = lazy_gettext("Its old URL doesn't redirect to it here.")
COLUMNS = {"uid", "title", "content"}
Row = dict[str, str]

csv.field_size_limit(MIB)


class BearBlog:
    """An export of Bear Blog."""

    kind = "Bear Blog"

    def __init__(self, archive: Archive, file: str) -> None:
        self.archive = archive
        self._file = file
        self._images = Images(archive)

    def records(self) -> Iterator[Row]:
        with open_file(self.archive, self._file) as content:
            rows = csv.reader(io.TextIOWrapper(content, "utf-8-sig", newline=""))
            try:
                columns = next(rows, [])
                if not {*columns} >= COLUMNS:
                    raise SourceError(NOT_CSV)
                for row in rows:
                    yield dict(zip(columns, row, strict=False))
            except (csv.Error, UnicodeDecodeError):
                yield {
                    "title": self._file,
                    "remark": str(BREAKS_OFF.with_values(line=rows.line_num)),
                }

    def name(self, record: Row) -> str:
        return " ".join(record.get("title", "").split())[:100] or _("an untitled post")

    def entry(self, record: Row) -> Entry:
        name = self.name(record)
        if remark := record.get("remark"):
            return Entry(name, remarks=(remark,))
        if record.get("is_page") == "True":
            return Entry(name, remarks=(str(PAGE),))
        text = record.get("content", "").replace("\r\n", "\n")
        if not text.strip():
            return Entry(name, remarks=(str(NO_TEXT),))
        remarks = Remarks()
        if record.get("alias"):
            remarks.add(ALIAS)
        text, images = replace_images(self._images, text, "", remarks)
        is_draft = record.get("publish") == "False"
        date = remarks.date(NO_DATE, record.get("published_date"))
        post = ImportedPost(
            key=f"bear {record.get('uid') or record.get('slug')}",
            body=text,
            title=record.get("title") or None,
            slug=record.get("slug") or None,
            tags=tuple(_tags(record.get("all_tags", ""))),
            status="draft" if is_draft else "published",
            published_at=None if is_draft else date,
            created_at=date,
            language=record.get("lang") or None,
            excerpt=record.get("meta_description") or None,
            canonical_url=record.get("canonical_url") or None,
            cover=find_cover(self._images, record.get("meta_image") or None, "", remarks),
            images=images,
        )
        return Entry(name, post, tuple(remarks))


def _tags(text: str) -> list[str]:
    """Parse the tags: a JSON list, or separated by commas in old exports."""
    try:
        return text_list(json.loads(text))
    except (ValueError, RecursionError):
        return text_list(text)
