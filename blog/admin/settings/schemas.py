"""The form for the settings of the site. Fields that are not sent stay unchanged."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Self

import idna
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from blog.core.i18n import LANGUAGES, SOURCE, format_number, ngettext
from blog.core.i18n import gettext as _
from blog.core.site_settings.colours import parse_colour, require_readable
from blog.core.site_settings.rules import validate_rules
from blog.core.site_settings.values import Commenting, Registration, SecondFactor
from blog.core.text.cleaning import clean_line
from blog.core.text.fields import CLEAN_LINE
from blog.core.text.validation import Markdown, NotBlank, Schema
from blog.core.text.visibility import is_seen

LONGEST_PAGE = 65_536
LONGEST_LIST = 20_000
MOST_ENTRIES = 1_000
LONGEST_WORD = 100
# 1 TiB, as in `settings.py`.
LARGEST_QUOTA = 10**6

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.ASCII)


def _require_visible(text: str) -> str:
    if not any(map(is_seen, text)):
        raise ValueError(_("Please fill in this field."))
    return text


def _colour(*, is_dark: bool) -> AfterValidator:
    def validate(text: str) -> str:
        return require_readable(parse_colour(text), is_dark=is_dark) if text else ""

    return AfterValidator(validate)


def _unique_lines(check: Callable[[str], str]) -> BeforeValidator:
    """Split a text into lines, each validated by `check`, without duplicates, in order."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        lines = (clean_line(line).strip().lower() for line in value.split("\n"))
        found = tuple(dict.fromkeys(check(line) for line in lines if line))
        if len(found) > MOST_ENTRIES:
            raise ValueError(
                ngettext(
                    "Please shorten this to at most %(num)s line.",
                    "Please shorten this to at most %(num)s lines.",
                    MOST_ENTRIES,
                )
            )
        return found

    return BeforeValidator(validate)


def _check_word(text: str) -> str:
    if len(text) > LONGEST_WORD:
        raise ValueError(
            ngettext(
                "Each line may have at most %(num)s character.",
                "Each line may have at most %(num)s characters.",
                LONGEST_WORD,
            )
        )
    return text


def _normalise_domain(text: str) -> str:
    """Convert a domain to ASCII, the form in which it is compared."""
    try:
        name = idna.encode(text.removeprefix("@").rstrip("."), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        name = ""
    if not _DOMAIN.fullmatch(name):
        raise ValueError(
            _(
                "“%(text)s” isn't a domain. Write one in each line, such as example.com.",
                text=text[:100],
            )
        )
    return name


def _number(least: int, most: int) -> BeforeValidator:
    """A whole number within limits, with one message for everything else."""

    def validate(value: Any) -> int:
        text = str(value).strip()
        if re.fullmatch("[0-9]{1,9}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        raise ValueError(
            _(
                "Please enter a whole number from %(least)s to %(most)s.",
                least=format_number(least),
                most=format_number(most),
            )
        )

    return BeforeValidator(validate)


def _check_language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(_("Please choose one of the listed languages."))
    return text


def _require_language(languages: tuple[str, ...]) -> tuple[str, ...]:
    if not languages:
        raise ValueError(_("Please choose at least one language."))
    return languages


Page = Annotated[Markdown, Field(max_length=LONGEST_PAGE)]
# `max_length` limits the text before it is split; the number of lines has its own limit.
Words = Annotated[tuple[str, ...], _unique_lines(_check_word), Field(max_length=LONGEST_LIST)]
Domains = Annotated[
    tuple[str, ...], _unique_lines(_normalise_domain), Field(max_length=LONGEST_LIST)
]


class ReviewForm(Schema):
    """The rules for what is held for review, and the version in which they were read."""

    version: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None

    held_words: Words = ()
    held_domains: Domains = ()
    hold_established: bool = False
    new_days: Annotated[int, _number(0, 365)] = 0
    new_posts: Annotated[int, _number(0, 100)] = 0
    hold_first_posts: bool = False
    hold_links: bool = False
    hold_similar: bool = False

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by the names of the settings."""
        return self.model_dump(exclude_unset=True, exclude={"version"})


class SettingsForm(ReviewForm):
    """Some of the settings of the site, and the version in which they were read."""

    site_name: Annotated[
        str, Field(max_length=64), CLEAN_LINE, NotBlank, AfterValidator(_require_visible)
    ] = ""
    tagline: Annotated[
        str, Field(max_length=120), CLEAN_LINE, NotBlank, AfterValidator(_require_visible)
    ] = ""
    accent: Annotated[str, Field(max_length=7), _colour(is_dark=False)] = ""
    accent_dark: Annotated[str, Field(max_length=7), _colour(is_dark=True)] = ""
    notice: Annotated[str, Field(max_length=250), CLEAN_LINE] = ""

    about: Page = ""
    rules: Annotated[Page, AfterValidator(validate_rules)] = ""
    privacy: Page = ""
    contact: Page = ""

    registration: Registration = Registration.OPEN
    invitations_per_month: Annotated[int, _number(0, 1000)] = 0
    invitation_days: Annotated[int, _number(1, 365)] = 1
    may_show_inviter: bool = False
    refuse_disposable: bool = False
    allowed_email_domains: Domains = ()
    refused_email_domains: Domains = ()
    commenting: Commenting = Commenting.EVERYONE

    feeds: bool = False
    allow_indexing: bool = False
    allow_ai_crawlers: bool = False
    count_views: bool = False

    languages: Annotated[
        tuple[str, ...], _unique_lines(_check_language), AfterValidator(_require_language)
    ] = (SOURCE,)
    default_language: Annotated[str, AfterValidator(_check_language)] = SOURCE

    media_quota: Annotated[int, _number(1, LARGEST_QUOTA)] = 1
    upload_limit: Annotated[int, _number(1, 20)] = 1
    import_limit: Annotated[int, _number(1, 1024)] = 1

    require_second_factor: SecondFactor = SecondFactor.NOBODY

    @model_validator(mode="after")
    def _check_default_language(self) -> Self:
        sent = {"languages", "default_language"} <= self.model_fields_set
        if sent and self.default_language not in self.languages:
            raise ValueError(_("Please choose a default language that the site offers."))
        return self
