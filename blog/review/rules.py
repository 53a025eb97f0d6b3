"""The rules for holding posts and comments for review (`SiteSettings`).

Texts of moderators are never held. Rules that need no statement are checked first, because most
texts are by people who aren't new, and contain no listed word.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.site_settings.values import SiteSettings
from blog.core.web.app import current_app
from blog.models import Comment, HeldItem, Permission, User
from blog.review.content import Content, Reading
from blog.review.similarity import is_similar_to_removed
from blog.review.words import find_first_domain, word_list

# The name of a rule, and the match that it found.
Reason = list[str]


class Rule(StrEnum):
    """The rules."""

    WORD = "word"
    DOMAIN = "domain"
    FIRST = "first posts"
    LINK = "link"
    SIMILAR = "similar"


def may_be_held(author: User, content: Content) -> bool:
    """Whether `reasons_to_hold` may find a reason, without running a statement.

    Args:
        author: the author, with their role.
    """
    site = current_app.site
    if author.role.grants(Permission.MODERATE):
        return False
    may_be_new = _is_young(author, site) or author.post_count < site.new_posts
    if may_be_new and (site.hold_first_posts or site.hold_similar):
        return True
    if may_be_new and site.hold_links and reading_of(content).links:
        return True
    is_checked = site.hold_established or may_be_new
    return is_checked and bool(_find_listed(reading_of(content), site))


async def reasons_to_hold(
    session: AsyncSession, author: User, content: Content, *, post_id: int | None = None
) -> Sequence[Reason]:
    """Find the reasons to hold a content for review; none if it need not be held.

    Args:
        author: the author, with their role.
        post_id: the post, or the post that the comment is on. If a moderator has already approved
            this content there, it is not held again.
    """
    if not may_be_held(author, content):
        return ()
    site, reading = current_app.site, reading_of(content)
    is_new = await _is_new(session, author, site)
    found = _find_listed(reading, site) if is_new or site.hold_established else []
    if is_new and site.hold_links and reading.links:
        found.append([Rule.LINK, min(reading.links)])
    if is_new and site.hold_similar and await is_similar_to_removed(session, reading):
        found.append([Rule.SIMILAR, ""])
    if is_new and site.hold_first_posts:
        found.append([Rule.FIRST, ""])
    if found and post_id is not None and await _is_approved(session, author, content, post_id):
        return ()
    return found


def reading_of(content: Content) -> Reading:
    """Prepare the words and links of a content."""
    return Reading(content, urlsplit(current_app.settings.base_url).hostname or "")


def _find_listed(reading: Reading, site: SiteSettings) -> list[Reason]:
    """Find a listed word and a listed domain in a content; at most one of each."""
    found = list[Reason]()
    if site.held_words and (word := word_list(site.held_words).find_first(reading.words)):
        found.append([Rule.WORD, word])
    if site.held_domains and (domain := find_first_domain(site.held_domains, reading.domains)):
        found.append([Rule.DOMAIN, domain])
    return found


def _is_young(author: User, site: SiteSettings) -> bool:
    """Whether they have confirmed their address recently, or not at all."""
    begin = now() - timedelta(days=site.new_days)
    return author.confirmed_at is None or author.confirmed_at > begin


async def _is_new(session: AsyncSession, author: User, site: SiteSettings) -> bool:
    """Whether they are new: their account is young, or they have not written enough yet."""
    if _is_young(author, site):
        return True
    missing = site.new_posts - author.post_count
    if missing <= 0:
        return False
    some = select(literal(1)).where(Comment.author_id == author.id, Comment.disabled_at.is_(None))
    number = select(func.count()).select_from(some.limit(missing).subquery())
    return (await session.scalars(number)).one() < missing


async def _is_approved(session: AsyncSession, author: User, content: Content, post_id: int) -> bool:
    approved = select(HeldItem.id).where(
        HeldItem.post_id == post_id,
        HeldItem.author_id == author.id,
        HeldItem.digest == content.digest,
        HeldItem.is_approved.is_(True),
    )
    return await session.scalar(approved.limit(1)) is not None
