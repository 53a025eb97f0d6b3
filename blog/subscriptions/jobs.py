"""Mail posts to the subscribers of their authors."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from blog.core.auth.viewer import ANONYMOUS
from blog.core.crypto.tokens import LinkSigner
from blog.core.i18n import lazy_gettext
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.text.shortening import plain_text, shorten
from blog.core.web.admonitions import with_titles
from blog.core.web.app import current_app
from blog.feeds.ids import this_site
from blog.mail import outbox
from blog.mail.message import Thread, message_id_about
from blog.models import Post, PostMailing, RefusedAddress, Subscription, User
from blog.models.refused_address import is_stopped
from blog.models.subscription import ACTIVE
from blog.posts.addresses import absolute_post_url
from blog.posts.policies import visible_to
from blog.subscriptions.links import mailing_list
from blog.subscriptions.service import delete_ended

MAILS_AT_ONCE = 100
# The numbers of characters of the subject and of the text.
LONGEST_SUBJECT, LONGEST_TEXT = 120, 600


async def mail_post(job: RunningJob) -> None:
    """Mail a post to all subscribers of its author, in batches."""
    namespace = (await this_site()).namespace
    number = MAILS_AT_ONCE
    while number == MAILS_AT_ONCE:
        if job.stopping.is_set():
            await job.requeue()
            return
        async with job.database.session() as session:
            number = await mail_batch(session, job.payload["post_id"], current_app.links, namespace)
            await session.commit()


async def mail_batch(
    session: AsyncSession, post_id: int, links: LinkSigner, namespace: UUID
) -> int:
    """Queue emails to the next subscribers, and save the progress; the caller commits.

    Subscribers don't get posts that were published before they confirmed, such as an old one that
    is published again.

    Args:
        session: the transaction.
        post_id: the post.
        links: signs the links to unsubscribe.
        namespace: the namespace of the site, for the `Message-ID`.

    Returns:
        The number of subscribers, at most `MAILS_AT_ONCE`; 0 if the post is no longer public.
    """
    mailing = await session.get(PostMailing, post_id, with_for_update=True)
    post = await session.scalar(
        select(Post)
        .join(Post.author)
        .where(Post.id == post_id, visible_to(ANONYMOUS))
        .options(contains_eager(Post.author))
    )
    if mailing is None or post is None:
        return 0
    subscriptions = await _next_subscriptions(session, post, mailing.last_subscription_id)
    contents = _message_values(post)
    thread = Thread(message_id_about(namespace, "post", post.id))
    for subscription, language in subscriptions:
        await outbox.put(
            session, to=subscription.email, message="new_post", about=str(post.author_id),
            language=language,
            mailing_list=mailing_list(subscription, post.author, links), thread=thread,
            post_id=post.id, **contents,
        )  # fmt: skip
        mailing.last_subscription_id = subscription.id
    return len(subscriptions)


async def _next_subscriptions(
    session: AsyncSession, post: Post, last_id: int
) -> Sequence[tuple[Subscription, str]]:
    """The next subscriptions after `last_id` that get a post, with their languages."""
    refuses = exists().where(RefusedAddress.address == Subscription.email, is_stopped())
    # People who also have an account have chosen the language there.
    of_account = (
        select(User.interface_language)
        .where(User.email == Subscription.email, User.confirmed_at.is_not(None))
        .scalar_subquery()
    )
    statement = (
        select(Subscription, func.coalesce(of_account, Subscription.language))
        .where(
            Subscription.author_id == post.author_id,
            ACTIVE,
            Subscription.id > last_id,
            Subscription.confirmed_at <= post.published_at,
            ~refuses,
        )
        .order_by(Subscription.id)
        .limit(MAILS_AT_ONCE)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


def _message_values(post: Post) -> dict[str, Any]:
    """The values of the email about a post whose author is loaded."""
    name = post.author.name or post.author.username
    return {
        "author": post.author,
        "headline": shorten(post.title, LONGEST_SUBJECT)
        if post.title
        else lazy_gettext("New post by %(name)s", name=name),
        "beginning": post.summary
        or plain_text(with_titles(post.beginning, post.shown_language), LONGEST_TEXT),
        "link": absolute_post_url(post.id, post.slug),
        "name": name,
    }


MAIL_POST = JobKind("mail_post_to_subscribers", mail_post)
TIDY_SUBSCRIPTIONS = cleaning_job("tidy_subscriptions", delete_ended, every=HOUR)
