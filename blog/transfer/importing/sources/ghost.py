"""The JSON export of Ghost: its database tables.

https://docs.ghost.org/migration/custom. The file is parsed as a stream, twice, because the tags
come after the posts.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext, ngettext
from blog.transfer.importing.archive import Archive, open_file
from blog.transfer.importing.dates import NO_CREATED, NO_DATE, NO_EDITED
from blog.transfer.importing.html import html_to_markdown, text_of_html
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import (
    LONGEST_IMAGE_TEXT,
    Entry,
    ImportedImage,
    ImportedPost,
    SourceError,
    Status,
)
from blog.transfer.importing.sources.json_rows import JSON_ERRORS, Path, read_rows
from blog.transfer.importing.sources.source import Remarks, find_cover, replace_images, text_or_none

# The columns of a post that are read.
COLUMNS = {
    "id", "uuid", "title", "slug", "html", "markdown", "mobiledoc", "status", "type", "page",
    "visibility", "created_at", "updated_at", "published_at", "custom_excerpt", "canonical_url",
    "locale", "language", "feature_image", "image",
}  # fmt: skip
COLUMNS_OF_TAGS = {"id", "name", "post_id", "tag_id", "sort_order"}
COLUMNS_OF_META = {"feature_image_alt", "feature_image_caption"}
MOST_ROWS = 500_000
# Ghost wraps the data in `db`; other programs may leave it out.
ROOTS = (("db", "", "data"), ("data",))
POSTS = "posts"
# Stands for the site's own URL.
SITE = "__GHOST_URL__"

NOT_JSON = lazy_gettext("This isn't a valid JSON file, or it's incomplete.")
NOT_GHOST = lazy_gettext("This JSON file isn't an export from Ghost.")
BREAKS_OFF = lazy_gettext("The file is damaged here. Everything before that is imported.")
PAGE = lazy_gettext("It's a page, not a post.")
NO_HTML = lazy_gettext(
    "The export doesn't include its HTML. Please open it in Ghost's editor, save it, and "
    "export again."
)
MEMBERS = lazy_gettext("Only members could read it, so it becomes a draft.")
SENT = lazy_gettext("It was only sent by email, so it becomes a draft.")
NO_TEXT = lazy_gettext("It has no text.")
_STATUSES: dict[str, Status] = {
    "published": "published", "scheduled": "published", "draft": "draft", "sent": "draft",
}  # fmt: skip


class Ghost:
    """An export of Ghost."""

    kind = "Ghost"

    def __init__(self, archive: Archive, file: str) -> None:
        self.archive = archive
        self._file = file
        self._images = Images(archive)
        self._tags: dict[str, str] = {}
        self._tags_of: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._covers: dict[str, tuple[str, str]] = {}
        self._table = self._read_tables()

    def _read_tables(self) -> Path:
        """Read the tags and the texts of covers, and return the path of the table of posts."""
        posts: Path = ()
        number = 0
        names = ("tags", "posts_tags", "posts_meta", POSTS)
        tables = {(*root, name) for root in ROOTS for name in names}
        columns = COLUMNS_OF_TAGS | COLUMNS_OF_META
        try:
            with open_file(self.archive, self._file) as content:
                for table, row in read_rows(content, tables, columns):
                    number += 1
                    if number > MOST_ROWS:
                        raise SourceError(
                            ngettext(
                                "One of its tables has more than %(num)s row.",
                                "One of its tables has more than %(num)s rows.", MOST_ROWS,
                            )
                        )  # fmt: skip
                    if table[-1] == POSTS:
                        posts = table
                    elif table[-1] == "posts_tags":
                        order = row.get("sort_order")
                        place = float(order) if isinstance(order, int | float) else 0.0
                        post, tag = str(row.get("post_id")), str(row.get("tag_id"))
                        self._tags_of[post].append((place, tag))
                    elif table[-1] == "posts_meta":
                        alt, caption = (
                            (text_or_none(row.get(name)) or "")[:LONGEST_IMAGE_TEXT]
                            for name in ("feature_image_alt", "feature_image_caption")
                        )
                        if alt or caption:
                            self._covers[str(row.get("post_id"))] = (alt, caption)
                    elif name := text_or_none(row.get("name")):
                        self._tags[str(row.get("id"))] = name
        except JSON_ERRORS:
            # The damage may come after the posts.
            if not posts:
                raise SourceError(NOT_JSON) from None
        if not posts:
            raise SourceError(NOT_GHOST)
        return posts

    def records(self) -> Iterator[dict[str, Any]]:
        try:
            with open_file(self.archive, self._file) as content:
                for _, row in read_rows(content, {self._table}, COLUMNS):
                    yield row
        except JSON_ERRORS:
            yield {"title": self._file, "damage": str(BREAKS_OFF)}

    def name(self, record: dict[str, Any]) -> str:
        title = text_or_none(record.get("title")) or text_or_none(record.get("slug"))
        return " ".join(title.split())[:100] if title else _("an untitled post")

    def entry(self, record: dict[str, Any]) -> Entry:
        name = self.name(record)
        if damage := record.get("damage"):
            return Entry(name, remarks=(damage,))
        if record.get("type") == "page" or record.get("page") in (True, 1):
            return Entry(name, remarks=(str(PAGE),))
        status = _STATUSES.get(str(record.get("status")))
        if status is None:
            state = str(record.get("status"))[:30]
            return Entry(name, remarks=(_("Its status is “%(state)s”.", state=state),))
        remarks = Remarks()
        text = self._text(record, remarks)
        if text is None:
            return Entry(name, remarks=(str(NO_HTML),))
        if not text.strip():
            return Entry(name, remarks=(str(NO_TEXT),))
        if record.get("status") == "sent":
            remarks.add(SENT)
        if record.get("visibility") not in (None, "", "public"):
            status = "draft"
            remarks.add(MEMBERS)
        text, images = replace_images(self._images, text, "", remarks)
        post = ImportedPost(
            key=f"ghost {record.get('uuid') or record.get('id')}",
            body=text,
            title=text_or_none(record.get("title")),
            slug=text_or_none(record.get("slug")),
            tags=tuple(self._tags_of_post(str(record.get("id")))),
            status=status,
            published_at=remarks.date(NO_DATE, record.get("published_at")),
            created_at=remarks.date(NO_CREATED, record.get("created_at")),
            edited_at=remarks.date(NO_EDITED, record.get("updated_at")),
            language=text_or_none(record.get("locale") or record.get("language")),
            excerpt=text_or_none(record.get("custom_excerpt")),
            canonical_url=text_or_none(record.get("canonical_url")),
            cover=self._cover(record, remarks),
            images=images,
        )
        return Entry(name, post, tuple(remarks))

    def _cover(self, record: dict[str, Any], remarks: Remarks) -> ImportedImage | None:
        address = text_or_none(record.get("feature_image") or record.get("image"))
        alt, caption = self._covers.get(str(record.get("id")), ("", ""))
        return find_cover(
            self._images, address and address.replace(SITE, ""), "", remarks,
            alt=alt, caption=text_of_html(caption),
        )  # fmt: skip

    def _text(self, record: dict[str, Any], remarks: Remarks) -> str | None:
        html = record.get("html")
        if isinstance(html, str):
            text, more = html_to_markdown(html.replace(SITE, ""))
            for remark in more:
                remarks.add(remark)
            return text
        # From a version before 1.0, or a draft that was never shown.
        if isinstance(markdown := record.get("markdown"), str):
            return markdown.replace(SITE, "")
        return None

    def _tags_of_post(self, post: str) -> list[str]:
        names = (self._tags.get(tag) for _, tag in sorted(self._tags_of.get(post, ())))
        # Tags with a number sign are internal.
        return list(dict.fromkeys(name for name in names if name and not name.startswith("#")))
