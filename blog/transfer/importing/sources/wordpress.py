"""WordPress eXtended RSS (WXR), the export of WordPress.

WordPress writes it in `wp-admin/includes/export.php`, which `wp export` uses too.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any
from xml.parsers import expat

from blog.core.i18n import LazyText, format_number, lazy_gettext, ngettext
from blog.core.i18n import gettext as _
from blog.transfer.importing.archive import Archive
from blog.transfer.importing.dates import NO_DATE, NO_EDITED
from blog.transfer.importing.html import html_to_markdown, text_of_html
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import (
    LONGEST_IMAGE_TEXT,
    Entry,
    ImportedImage,
    ImportedPost,
    SourceError,
    Status,
    UnreadableError,
)
from blog.transfer.importing.sources.blocks import (
    Picture,
    add_paragraphs,
    find_shortcode,
    number_footnotes,
)
from blog.transfer.importing.sources.source import Remarks, find_cover, replace_images
from blog.transfer.importing.sources.wxr import (
    ALT,
    COVER,
    FOOTNOTES,
    Item,
    Parser,
    read_items,
)

NOT_XML = lazy_gettext("This isn't a valid XML file: see line %(line)s.")
NOT_WXR = lazy_gettext("This XML file isn't an export from WordPress.")
BREAKS_OFF = lazy_gettext(
    "The file is damaged from line %(line)s. Everything before that is imported."
)
TOO_LONG = lazy_gettext("The item is longer than a post can be.")
PAGE = lazy_gettext("It's a page, not a post.")
PRIVATE = lazy_gettext("It was private, so it becomes a draft.")
PROTECTED = lazy_gettext("It was password-protected, so it becomes a draft.")
HAS_COMMENTS = lazy_gettext(
    "Its comments (%(number)s) are skipped, because other people wrote them."
)
NO_TEXT = lazy_gettext("It has no text.")
NO_COVER = lazy_gettext("Its featured image isn't in the file.")
SHORTCODES = lazy_gettext("It contains shortcodes, such as [%(name)s], which appear as plain text.")
LONGEST_URL, MOST_NOTES = 2000, 500
_STATUSES: dict[str, Status] = {
    "publish": "published", "future": "published", "draft": "draft", "pending": "draft",
    "private": "draft",
}  # fmt: skip


class WordPress:
    """An export of WordPress, one or several XML files."""

    kind = "WordPress"

    def __init__(self, archive: Archive, files: list[str]) -> None:
        self.archive = archive
        self._files = files
        self._images = Images(archive)

    @cached_property
    def _pictures(self) -> dict[str, Picture]:
        """The media library, by id. It may come after the posts that use it, so the files are read
        one more time.
        """
        found = {}
        for file in self._files:
            try:
                for item in read_items(self.archive, file, Parser()):
                    url = item.get("attachment_url")
                    if item.get("post_type") == "attachment" and len(url) <= LONGEST_URL:
                        alt, caption = (
                            item.get(name)[:LONGEST_IMAGE_TEXT] for name in (ALT, "encoded:excerpt")
                        )
                        found[item.get("post_id")] = Picture(
                            url, alt, text_of_html(caption), item.get("post_parent")
                        )
            except expat.ExpatError:
                continue
        return found

    @cached_property
    def _uploaded_for(self) -> dict[str, list[str]]:
        """The ids of the images that were uploaded for each post."""
        found: dict[str, list[str]] = {}
        for number, picture in self._pictures.items():
            found.setdefault(picture.parent, []).append(number)
        return found

    def records(self) -> Iterator[Item]:
        number = attachments = 0
        for file in self._files:
            parser = Parser()
            try:
                for item in read_items(self.archive, file, parser):
                    number += 1
                    if item.get("post_type") != "attachment":
                        yield item
                    elif not self._images.has(item.get("attachment_url")):
                        attachments += 1
            except expat.ExpatError as error:
                if not number:
                    raise SourceError(NOT_XML.with_values(line=error.lineno)) from None
                yield Item(
                    {}, {"title": file}, remark=str(BREAKS_OFF.with_values(line=error.lineno))
                )
            if not parser.is_wxr:
                raise SourceError(NOT_WXR)
        if attachments:
            remark = ngettext(
                "%(num)s of its files isn't in the same ZIP file, and we don't fetch anything from "
                "other sites.",
                "%(num)s of its files aren't in the same ZIP file, and we don't fetch anything "
                "from other sites.",
                attachments,
            )
            yield Item({}, {"title": _("Media library")}, remark=remark)

    def name(self, record: Item) -> str:
        title = " ".join(record.get("title").split())[:100]
        number = record.get("post_id")
        if title:
            return title
        return _("item %(number)s", number=number) if number else _("an untitled item")

    def entry(self, record: Item) -> Entry:
        name = self.name(record)
        if record.remark:
            return Entry(name, remarks=(record.remark,))
        if record.get("post_type") == "page":
            return Entry(name, remarks=(str(PAGE),))
        if record.is_too_long:
            raise UnreadableError(TOO_LONG)
        status = _STATUSES.get(record.get("status"))
        if status is None:
            state = record.get("status")[:30]
            return Entry(name, remarks=(_("Its status is “%(state)s”.", state=state),))
        remarks = Remarks()
        text = self._text(record, remarks)
        if not text:
            return Entry(name, remarks=(str(NO_TEXT),))
        if record.get("status") == "private":
            remarks.add(PRIVATE)
        if record.get("post_password"):
            status = "draft"
            remarks.add(PROTECTED)
        if record.comments:
            remarks.add(HAS_COMMENTS.with_values(number=format_number(record.comments)))
        text, images = replace_images(self._images, text, "", remarks)
        return Entry(name, self._post(record, text, status, remarks, images), tuple(remarks))

    def _text(self, item: Item, remarks: Remarks) -> str:
        def gallery(ids: Sequence[str]) -> list[Picture]:
            wanted = ids or self._uploaded_for.get(item.get("post_id"), [])
            return [self._pictures[each] for each in wanted if each in self._pictures]

        notes = _parse_notes(item.get(FOOTNOTES))
        html = add_paragraphs(item.values.get("encoded:content", ""), gallery)
        text, more = html_to_markdown(number_footnotes(html, [*notes]))
        for remark in more:
            remarks.add(remark)
        if name := find_shortcode(html):
            remarks.add(SHORTCODES.with_values(name=name))
        for number, note in enumerate(notes.values(), 1):
            text += f"\n\n[^{number}]: " + html_to_markdown(note)[0].replace("\n", "\n    ")
        return text

    def _post(
        self, item: Item, text: str, status: Status, remarks: Remarks, images: Any
    ) -> ImportedPost:
        date = self._date(item, "post_date", NO_DATE, remarks)
        was_published = item.get("status") in {"publish", "future", "private"}
        blog = item.site.get("base_blog_url") or item.site.get("link", "")
        return ImportedPost(
            key=f"wordpress {blog.strip()} {item.get('post_id') or item.get('guid')}",
            body=text,
            title=text_of_html(item.get("title")) or None,
            slug=item.get("post_name") or None,
            tags=tuple(
                # WordPress stores them as HTML.
                dict.fromkeys(
                    text_of_html(name) for domain, name in item.categories
                    if domain in {"category", "post_tag"} and name.strip() != "Uncategorized"
                )
            ),
            status=status,
            published_at=date if was_published else None,
            created_at=date,
            edited_at=self._date(item, "post_modified", NO_EDITED, remarks),
            language=item.site.get("language", "").strip() or None,
            excerpt=text_of_html(item.get("encoded:excerpt")) or None,
            comments_open=item.get("comment_status") != "closed",
            pinned=item.get("is_sticky") == "1",
            cover=self._cover(item, remarks),
            images=images,
        )  # fmt: skip

    def _cover(self, item: Item, remarks: Remarks) -> ImportedImage | None:
        if not (number := item.get(COVER)):
            return None
        if not (picture := self._pictures.get(number)):
            remarks.add(NO_COVER)
            return None
        return find_cover(
            self._images, picture.url, "", remarks, alt=picture.alt, caption=picture.caption
        )

    @staticmethod
    def _date(item: Item, name: str, problem: LazyText, remarks: Remarks) -> Any:
        # The UTC time of a draft is zero.
        return remarks.date(problem, item.get(f"{name}_gmt")) or remarks.date(
            problem, item.get(name)
        )


def _parse_notes(field: str) -> dict[str, str]:
    """Parse the footnotes of a post, which are JSON: their HTML by id."""
    try:
        listed = json.loads(field or "[]")
    except (ValueError, RecursionError):
        return {}
    return {
        str(note.get("id")): str(note.get("content"))
        for note in (listed[:MOST_NOTES] if isinstance(listed, list) else [])
        if isinstance(note, dict) and note.get("content")
    }
