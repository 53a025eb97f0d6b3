"""Metadata of pages for other sites (OpenGraph, https://ogp.me) and search engines (schema.org).

Templates call `about_post`, `about_person` and `about_site`, and render the result with the macro
in `discovery/macros.html`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urljoin

from blog.core.i18n import gettext as _
from blog.core.text.shortening import plain_text, shorten
from blog.core.web.admonitions import with_titles
from blog.core.web.app import current_app
from blog.core.web.avatars import LENGTH_OF_NAME, WIDTHS, avatar_url
from blog.core.web.templating import shown_tagline
from blog.discovery.cards import Card, card_address, card_of_person, card_of_post, card_of_site
from blog.discovery.drawing import HEIGHT, WIDTH
from blog.media.showing import image_url
from blog.models import Post, User
from blog.posts.addresses import absolute_post_url

# The number of characters that search engines show.
LONGEST_DESCRIPTION, LONGEST_HEADLINE = 160, 110
CONTEXT = "https://schema.org"
# The formats of oEmbed, with their media types.
FORMS = {"json": "application/json", "xml": "text/xml"}


class Picture(NamedTuple):
    """An image for links to a page, with an absolute URL and its size in pixels."""

    address: str
    width: int
    height: int
    alt: str
    media_type: str = "image/webp"

    @property
    def is_large(self) -> bool:
        """Whether to show it above the text rather than beside it."""
        return self.width >= 300 and self.width > self.height


class About(NamedTuple):
    """The metadata of a page.

    Attributes:
        kind: the type of OpenGraph.
        title, description: plain text.
        address: its absolute URL.
        picture: the image for links to it.
        properties: further properties of OpenGraph.
        data: objects of schema.org.
        embed: the URLs of the oEmbed documents, by media type.
    """

    kind: str
    title: str
    description: str
    address: str
    picture: Picture
    properties: Sequence[tuple[str, str]]
    data: Sequence[dict[str, Any]]
    embed: Sequence[tuple[str, str]] = ()


class Named(Protocol):
    """A user, or a value of a list with the same fields."""

    @property
    def username(self) -> str: ...
    @property
    def name(self) -> str: ...


def shown_name(person: Named) -> str:
    """The name that pages show for a person."""
    return person.name or person.username


def post_title(post: Post) -> str:
    """The title of a post, or a substitute for it."""
    return post.title or _("Post by %(name)s", name=shown_name(post.author))


def post_description(post: Post) -> str:
    """A sentence or two about a post: the author's summary, or its beginning."""
    if post.summary:
        return shorten(post.summary, LONGEST_DESCRIPTION)
    return plain_text(with_titles(post.beginning, post.shown_language), LONGEST_DESCRIPTION)


def about_post(post: Post) -> About:
    """The metadata of a public post whose author is loaded."""
    address, profile = absolute_post_url(post.id, post.slug), _profile(post.author)
    picture, description = post_picture(post), post_description(post)
    published = (post.published_at or post.created_at).isoformat(timespec="seconds")
    changed = post.edited_at.isoformat(timespec="seconds") if post.edited_at else published
    properties = [("article:published_time", published), ("article:author", profile)]
    if post.edited_at:
        properties.append(("article:modified_time", changed))
    properties += (("article:tag", tag) for tag in post.tags)
    posting = _omit_none(
        {
            "@context": CONTEXT,
            "@type": "BlogPosting",
            "mainEntityOfPage": address,
            "url": address,
            "headline": shorten(post_title(post), LONGEST_HEADLINE),
            "description": description or None,
            "datePublished": published,
            "dateModified": changed,
            "author": _person(post.author),
            "publisher": _site(),
            "image": picture.address,
            "inLanguage": post.shown_language,
            "keywords": list(post.tags) or None,
            "wordCount": post.word_count,
            "commentCount": post.comment_count,
        }
    )
    trail = [
        (current_app.site.site_name, _home()), (shown_name(post.author), profile),
        (post_title(post), address),
    ]  # fmt: skip
    return About(
        kind="article",
        title=post_title(post),
        description=description,
        address=address,
        picture=picture,
        properties=properties,
        data=[posting, _breadcrumbs(trail)],
        embed=[
            (
                f"{media_type}+oembed",
                f"{_home()}oembed?format={form}&url={quote(address, safe='')}",
            )
            for form, media_type in FORMS.items()
        ],
    )


def about_person(user: User) -> About:
    """The metadata of a profile."""
    address, name = _profile(user), shown_name(user)
    site = current_app.site.site_name
    about = shorten(" ".join(user.about_me.split()), LONGEST_DESCRIPTION)
    person = _person(user) | _omit_none(
        {
            "alternateName": user.username,
            "description": about or None,
            "interactionStatistic": [
                {
                    "@type": "InteractionCounter",
                    "interactionType": f"{CONTEXT}/{action}",
                    "userInteractionCount": number,
                }
                for action, number in (
                    ("FollowAction", user.follower_count), ("WriteAction", user.post_count),
                )
            ],
        }
    )  # fmt: skip
    page = {
        "@context": CONTEXT,
        "@type": "ProfilePage",
        "url": address,
        "dateCreated": user.created_at.isoformat(timespec="seconds"),
        "mainEntity": person,
    }
    return About(
        kind="profile",
        title=name,
        description=about or f"Posts by {name} on {site}",
        address=address,
        picture=person_picture(user),
        properties=[("profile:username", user.username)],
        data=[page, _breadcrumbs([(site, _home()), (name, address)])],
    )


def about_site() -> About:
    """The metadata of the home page."""
    site = current_app.site
    data = {
        "@context": CONTEXT,
        "@type": "WebSite",
        "name": site.site_name,
        "description": shown_tagline(site),
        "url": _home(),
    }
    return About(
        kind="website",
        title=site.site_name,
        description=shown_tagline(site),
        address=_home(),
        picture=_card_picture("site", card_of_site()),
        properties=(),
        data=[data],
    )


def post_picture(post: Post) -> Picture:
    """The cover of a post, or a card."""
    if (cover := post.cover) is None:
        return _card_picture(f"post/{post.id}", card_of_post(post))
    width, height = cover.variants[-1]
    return Picture(absolute(image_url(cover.name, width)), width, height, cover.alt)


def person_picture(user: User) -> Picture:
    """The uploaded avatar of a person, or a card."""
    if len(user.avatar_key) != LENGTH_OF_NAME:
        return _card_picture(f"user/{user.username}", card_of_person(user))
    size = WIDTHS[-1]
    return Picture(absolute(avatar_url(user, size)), size, size, shown_name(user))


def _card_picture(page: str, card: Card) -> Picture:
    return Picture(card_address(page, card), WIDTH, HEIGHT, card.title, "image/png")


def absolute(address: str) -> str:
    """Make a URL absolute, if it is relative to this site."""
    return urljoin(current_app.settings.base_url, address)


def _home() -> str:
    return f"{current_app.settings.base_url}/"


def _profile(user: Named) -> str:
    return f"{current_app.settings.base_url}/user/{user.username}"


def _person(user: User) -> dict[str, Any]:
    return {
        "@type": "Person",
        "name": shown_name(user),
        "url": _profile(user),
        "image": absolute(avatar_url(user, WIDTHS[-1])),
    }


def _site() -> dict[str, Any]:
    return {"@type": "Organization", "name": current_app.site.site_name, "url": _home()}


def _breadcrumbs(trail: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": address}
            for position, (name, address) in enumerate(trail, 1)
        ],
    }


def _omit_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
