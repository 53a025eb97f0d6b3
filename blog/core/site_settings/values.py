"""The settings of the site that administrators change on `/admin/settings`."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from blog.core.i18n import COMPLETE, LANGUAGES, SOURCE
from blog.core.site_settings.colours import Palette, palette
from blog.core.site_settings.rules import Rule, parse_rules
from settings import Settings

MIB = 1024 * 1024


class Registration(StrEnum):
    """Who may create an account."""

    OPEN = "open"
    APPROVAL = "approval"
    INVITATION = "invitation"
    CLOSED = "closed"


class Commenting(StrEnum):
    """Who may comment, besides moderators: everyone with an account, those who have had one for
    `ESTABLISHED_AFTER`, or nobody."""

    EVERYONE = "everyone"
    ESTABLISHED = "established"
    MODERATORS = "moderators"


class SecondFactor(StrEnum):
    """Who has to have a second factor. Administrators are among the moderators."""

    NOBODY = "nobody"
    ADMINISTRATORS = "administrators"
    MODERATORS = "moderators"


class Logo(BaseModel):
    """The image next to the name of the site.

    Attributes:
        name: the name of its file (`MediaFile`); empty without a logo.
        width, height: the size of its smallest variant, in pixels.
    """

    model_config = ConfigDict(frozen=True)

    name: str = ""
    width: int = 0
    height: int = 0

    def __bool__(self) -> bool:
        return bool(self.name)


class SiteSettings(BaseModel):
    """The settings in force, an immutable value; a change is another value.

    To add a setting, add a field with its default here, and to its form in
    `blog/admin/settings/schemas.py` and `templates/admin/settings/`. It is stored as JSON, so its
    type is a text, a number, a switch, an enumeration or a tuple of texts.

    Attributes:
        version: the version of all settings together; 0 while all have their defaults.
        accent, accent_dark: the colour of links and buttons in the light and dark theme, as
            `#rrggbb`; empty for the default.
        about, rules, privacy, contact: pages in Markdown; an empty one does not exist.
        notice: the text of the bar above every page.
        languages: the languages that visitors choose from.
        default_language: for visitors who prefer none of them, and for emails to people without an
            account.
        media_quota, upload_limit, import_limit: in MiB.
        held_words, held_domains: posts and comments that contain one are held for review.
        hold_established: whether those of established people are held too.
        new_days, new_posts: people are new for this many days after they confirm their address,
            and until this many of their posts and comments are public.
        hold_first_posts: whether all posts and comments of new people are held for review.
        hold_links: whether those with links to other sites are held.
        hold_similar: whether those that resemble content hidden by moderators are held.
        invitations_per_month: how many invitations a person may create in 30 days.
        invitation_days: how long an invitation is valid.
        may_show_inviter: whether a person may show on their profile who invited them.
        refuse_disposable: whether known disposable email addresses are refused.
        allowed_email_domains, refused_email_domains: exceptions to that list, and additions.
        count_views: whether authors see how often their posts are read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 0

    site_name: str
    tagline: str
    logo: Logo = Logo()
    accent: str = ""
    accent_dark: str = ""
    notice: str = ""

    about: str = ""
    rules: str = ""
    privacy: str = ""
    contact: str = ""

    registration: Registration = Registration.OPEN
    invitations_per_month: int = 5
    invitation_days: int = 14
    may_show_inviter: bool = True
    refuse_disposable: bool = True
    allowed_email_domains: tuple[str, ...] = ()
    refused_email_domains: tuple[str, ...] = ()
    commenting: Commenting = Commenting.EVERYONE

    feeds: bool = True
    allow_indexing: bool = True
    allow_ai_crawlers: bool = True
    count_views: bool = True

    languages: tuple[str, ...] = COMPLETE
    default_language: str = SOURCE

    media_quota: int
    upload_limit: int = 20
    import_limit: int

    held_words: tuple[str, ...] = ()
    held_domains: tuple[str, ...] = ()
    hold_established: bool = True
    new_days: int = 7
    new_posts: int = 3
    hold_first_posts: bool = False
    hold_links: bool = False
    hold_similar: bool = False
    require_second_factor: SecondFactor = SecondFactor.NOBODY

    @classmethod
    def defaults(cls, settings: Settings) -> "SiteSettings":
        """The settings before administrators change any, from the environment."""
        return cls(
            site_name=settings.site_name,
            tagline=settings.site_tagline,
            allow_indexing=settings.allow_indexing,
            allow_ai_crawlers=settings.allow_ai_crawlers,
            media_quota=settings.media_quota,
            import_limit=settings.import_limit,
        )

    def with_stored(self, version: int, stored: Mapping[str, Any]) -> "SiteSettings":
        """Overlay stored values on these defaults.

        Values that another release has stored and this one doesn't know are left out.
        """
        values = {name: getattr(self, name) for name in type(self).model_fields}
        try:
            return SiteSettings.model_validate({**values, **stored, "version": version})
        except ValidationError as error:
            unknown = {problem["loc"][0] for problem in error.errors(include_input=False)}
            known = {name: value for name, value in stored.items() if name not in unknown}
            return SiteSettings.model_validate({**values, **known, "version": version})

    @property
    def media_quota_bytes(self) -> int:
        return self.media_quota * MIB

    @property
    def upload_limit_bytes(self) -> int:
        return self.upload_limit * MIB

    @property
    def holds_anything(self) -> bool:
        """Whether any rule holds posts and comments for review."""
        return bool(
            self.held_words or self.held_domains or self.hold_first_posts or self.hold_links
            or self.hold_similar
        )  # fmt: skip

    @cached_property
    def offered_languages(self) -> tuple[str, ...]:
        """The languages of the pages, the default one first; there is at least one."""
        known = [language for language in self.languages if language in LANGUAGES] or [SOURCE]
        default = self.default_language if self.default_language in known else known[0]
        return default, *(language for language in known if language != default)

    @cached_property
    def palette(self) -> Palette:
        """The colours that follow from the accent colours."""
        return palette(self.accent, self.accent_dark)

    @cached_property
    def numbered_rules(self) -> tuple[Rule, ...]:
        """The rules of the site, with the numbers that reports and measures refer to."""
        return parse_rules(self.rules).rules
