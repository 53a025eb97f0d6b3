"""Files with front matter from Hugo, Jekyll, Bear Blog and many others, in Markdown or HTML.

https://gohugo.io/content-management/front-matter/, https://jekyllrb.com/docs/posts/,
https://docs.bearblog.dev/post
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from langcodes import tag_is_valid

from blog.core.i18n import lazy_gettext
from blog.transfer.front_matter import FrontMatterError, read_document
from blog.transfer.importing.archive import MIB, Archive, printable, read_content
from blog.transfer.importing.dates import NO_DATE, NO_EDITED, NO_EXPIRY
from blog.transfer.importing.html import html_to_markdown
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import Entry, ImportedImage, ImportedPost, Status, UnreadableError
from blog.transfer.importing.sources.shortcodes import replace_shortcodes
from blog.transfer.importing.sources.source import (
    Remarks,
    find_cover,
    format_some,
    replace_images,
    text_list,
    text_or_none,
)

SUFFIXES = (".md", ".markdown", ".mdown", ".mkd")
HTML = (".html", ".htm")
OTHERS = (".adoc", ".asciidoc", ".org", ".rst", ".textile", ".ipynb")
LARGEST_FILE = MIB
# Files found next to the posts of a site.
NO_POSTS = {"readme", "license", "changelog", "contributing", "code_of_conduct", "security"}
PAGE = lazy_gettext("It's a page, not a post.")
SECTION = lazy_gettext("It describes a section of the site, and isn't a post.")
NO_MARKDOWN = lazy_gettext("It isn't written in Markdown or HTML.")
NO_TEXT = lazy_gettext("It has no text.")
# A site's URLs are shared by all authors, so none of them may claim one.
ALIASES = lazy_gettext("Its old URLs don't redirect to it here: %(urls)s")
EXPIRED = lazy_gettext("It had expired, so it becomes a draft.")

_DATED = re.compile(r"([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})-(.+)")
_LANGUAGE = re.compile(r"(.+)\.([a-z]{2,3}(?:-[a-zA-Z]{2,4})?)")
_TITLE = re.compile(r"\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n+|\Z)")
# The older headers of Bear Blog end with a line of underscores.
_BEAR = re.compile(r"((?:[a-z_]+:[^\n]*\n)+)\s*___+[ \t]*(?:\n|\Z)")
_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class MarkdownFiles:
    """The Markdown files of an archive."""

    kind = "Markdown"

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._images = Images(archive)
        self._root = _common_folder(archive)
        names = [name for name in archive.sizes if name.lower().endswith(SUFFIXES)]
        parts = {part for name in archive.sizes for part in PurePosixPath(name).parts[:-1]}
        self._is_jekyll = bool(parts & {"_posts", "_drafts"})
        # Next to `content/`, Hugo has archetypes and themes.
        self._is_hugo = not self._is_jekyll and any(
            name.startswith(f"{self._root}content/") for name in names
        )
        if self._is_jekyll:
            self.kind = "Jekyll"
        elif self._is_hugo:
            self.kind = "Hugo"
            names = [name for name in names if name.startswith(f"{self._root}content/")]
        if self._is_hugo or self._is_jekyll:
            names = sorted({*names, *filter(self._is_other_post, archive.sizes)})
        self._names = [name for name in names if _stem(name).lower() not in NO_POSTS]

    def _is_other_post(self, name: str) -> bool:
        """Whether a file that isn't Markdown is where posts are."""
        if not name.lower().endswith(HTML + OTHERS):
            return False
        if self._is_hugo:
            return name.startswith(f"{self._root}content/")
        return bool({"_posts", "_drafts"} & {*PurePosixPath(name).parts})

    def records(self) -> Iterator[str]:
        return iter(self._names)

    def name(self, record: str) -> str:
        return printable(record)

    def entry(self, record: str) -> Entry:
        name = self.name(record)
        if self._is_jekyll and not {"_posts", "_drafts"} & {*PurePosixPath(record).parts}:
            return Entry(name, remarks=(str(PAGE),))
        if _stem(record) == "_index":
            return Entry(name, remarks=(str(SECTION),))
        if record.lower().endswith(OTHERS):
            return Entry(name, remarks=(str(NO_MARKDOWN),))
        data = read_content(self.archive, record, LARGEST_FILE)
        try:
            fields, body = read_document(data.replace(b"\r\n", b"\n"))
        except FrontMatterError as error:
            raise UnreadableError(str(error)) from None
        fields = {str(key).lower(): value for key, value in fields.items()}
        if not fields and (header := _BEAR.match(body)):
            fields, body = _bear_fields(header[1]), body[header.end() :]
        is_in_section = not self._is_hugo or "/" in record.removeprefix(f"{self._root}content/")
        if _is_page(fields) or not (is_in_section or fields.get("date")):
            return Entry(name, remarks=(str(PAGE),))
        if not body.strip():
            return Entry(name, remarks=(str(NO_TEXT),))
        remarks = Remarks()
        return Entry(name, self._post(record, fields, body, remarks), tuple(remarks))

    def _post(self, file: str, fields: dict[str, Any], body: str, remarks: Remarks) -> ImportedPost:
        path = PurePosixPath(file)
        file_name = _FileName(path, has_languages=self._is_hugo)
        if path.suffix.lower() in HTML:
            body, more = html_to_markdown(body)
            for remark in more:
                remarks.add(remark)
        title = text_or_none(fields.get("title"))
        if title is None and (heading := _TITLE.match(body)):
            title, body = heading[1], body[heading.end() :]
        text = replace_shortcodes(body, remarks.add)
        text, images = replace_images(self._images, text, f"{path.parent}/", remarks)
        status = self._status(fields, path, remarks)
        date = remarks.date(NO_DATE, _first_date(fields, *PUBLISHED)) or file_name.date
        edited_at = remarks.date(NO_EDITED, _first(fields, *EDITED))
        if former := text_list(_first(fields, "aliases", "redirect_from", "alias")):
            remarks.add(ALIASES.with_values(urls=format_some(former)))
        comments = fields.get("comments_open", fields.get("comments"))
        return ImportedPost(
            key=f"file {file.removeprefix(self._root)}",
            body=text,
            title=title,
            slug=_slug(fields) or file_name.slug,
            tags=tuple(_tags(fields, by_spaces=self._is_jekyll)),
            status=status,
            # The date of a draft is when it was started.
            published_at=date if status == "published" else None,
            created_at=date if status == "draft" else None,
            edited_at=edited_at,
            language=text_or_none(_first(fields, "lang", "language", "locale"))
            or file_name.language,
            excerpt=text_or_none(
                _first(fields, "excerpt", "summary", "description", "meta_description")
            ),
            canonical_url=text_or_none(_first(fields, *CANONICAL)),
            comments_open=_parse_switch(comments) is not False,
            pinned=_parse_switch(fields.get("pinned")) is True,
            cover=self._cover(fields, f"{path.parent}/", remarks),
            images=images,
        )

    def _cover(self, fields: dict[str, Any], folder: str, remarks: Remarks) -> ImportedImage | None:
        """The cover, whose address is a string, the first of a list, or in a mapping."""
        value = _first(fields, *COVERS)
        if isinstance(value, list):
            value = value[0] if value else None
        texts = value if isinstance(value, dict) else {}
        if isinstance(value, dict):
            value = _first(value, "image", "src", "url", "path")
        alt, caption = text_or_none(texts.get("alt")), text_or_none(texts.get("caption"))
        address = text_or_none(value)
        return find_cover(self._images, address, folder, remarks, alt=alt, caption=caption)

    def _status(self, fields: dict[str, Any], path: PurePosixPath, remarks: Remarks) -> Status:
        published = _first(fields, "published", "publish")
        status = str(fields.get("status", "")).lower()
        if (
            _parse_switch(fields.get("draft")) is True
            or _parse_switch(published) is False
            or status in {"draft", "private"}
            or (self._is_jekyll and "_drafts" in path.parts)
        ):
            return "draft"
        expires = remarks.date(NO_EXPIRY, _first(fields, "expirydate", "unpublishdate"))
        if expires is not None and expires < datetime.now(UTC):
            remarks.add(EXPIRED)
            return "draft"
        return "published"


PUBLISHED = ("published_at", "publishdate", "published_date", "date", "pubdate", "published")
EDITED = ("lastmod", "last_modified_at", "modified", "updated", "edited_at")
CANONICAL = ("canonical_url", "canonicalurl", "canonical")
COVERS = ("image", "images", "cover", "featured_image", "feature_image", "meta_image", "thumbnail")


class _FileName:
    """The date, language and slug in a file name: `_posts/2020-01-31-a-slug.md`,
    `a-slug/index.md`, `a-slug.de.md`.
    """

    def __init__(self, path: PurePosixPath, *, has_languages: bool) -> None:
        stem = path.stem
        self.language: str | None = None
        self.date: datetime | None = None
        found = _LANGUAGE.fullmatch(stem) if has_languages else None
        if found and tag_is_valid(found[2]):
            stem, self.language = found[1], found[2]
        if stem.lower() == "index" and len(path.parts) > 1:
            stem = path.parent.name
        if found := _DATED.fullmatch(stem):
            try:
                year, month, day = map(int, found[1].split("-"))
                self.date = datetime(year, month, day, tzinfo=UTC)
            except ValueError:
                pass
            else:
                stem = found[2]
        self.slug: str | None = stem


def _common_folder(archive: Archive) -> str:
    """The folder that contains all files, with a trailing slash, if there is one."""
    first = {name.partition("/")[0] for name in archive.sizes}
    folder = f"{first.pop()}/" if len(first) == 1 else ""
    # Keep the folders that tell what the files are.
    is_wrapped = folder and folder not in {"content/", "_posts/", "_drafts/"}
    return folder if is_wrapped and all(name.startswith(folder) for name in archive.sizes) else ""


def _bear_fields(header: str) -> dict[str, Any]:
    pairs = (line.partition(":") for line in header.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _is_page(fields: dict[str, Any]) -> bool:
    kind = str(fields.get("type", fields.get("layout", ""))).lower()
    return kind == "page" or _parse_switch(fields.get("is_page")) is True


def _slug(fields: dict[str, Any]) -> str | None:
    if slug := text_or_none(_first(fields, "slug", "link")):
        return slug.strip("/").rpartition("/")[2]
    address = text_or_none(_first(fields, "url", "permalink"))
    if address is None or ":" in address:
        return None
    last = address.strip("/").rpartition("/")[2]
    return last.removesuffix(".html") or None


def _tags(fields: dict[str, Any], *, by_spaces: bool) -> list[str]:
    taxonomies = fields.get("taxonomies")
    sources = [fields, taxonomies if isinstance(taxonomies, dict) else {}]
    names = ("tags", "tag", "categories", "category")
    found = [
        tag
        for source in sources
        for name in names
        for tag in text_list(
            source.get(name), by_spaces=by_spaces and name in {"tags", "categories"}
        )
    ]
    return list(dict.fromkeys(found))


def _parse_switch(value: Any) -> bool | None:
    """Parse a boolean as written in YAML 1.1, TOML, JSON or CSV; `None` if it isn't one."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def _first(fields: dict[str, Any], *names: str) -> Any:
    """The value of the first of these fields that is set."""
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _first_date(fields: dict[str, Any], *names: str) -> Any:
    """Like `_first`, but skip booleans, because `published` may be one."""
    return _first(fields, *(name for name in names if _parse_switch(fields.get(name)) is None))


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
