"""A small site to look at: believable posts for the eye, and hostile ones for the layout."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.accounts.deletion.service import DELETE_ACCOUNT
from blog.accounts.links import CHANGE_EMAIL, RESET_PASSWORD, credentials_of
from blog.comments.events import CommentWritten
from blog.core.auth.moderation_log import publish
from blog.core.clock import now
from blog.core.events.handlers import dispatch
from blog.core.text.markdown import RENDERER_VERSION, render_document, render_inline
from blog.core.web.app import Broadside
from blog.follows.events import PersonFollowed
from blog.models import (
    Act,
    AnswerTemplate,
    Appeal,
    Application,
    AuditEntry,
    Base,
    Bookmark,
    BookmarkFolder,
    BulkAct,
    Comment,
    CommentLike,
    Email,
    EmailState,
    Follow,
    HeldItem,
    HeldKind,
    HiddenWord,
    Invitation,
    Job,
    JobState,
    MailPreference,
    Measure,
    MeasureKind,
    ModeratorNote,
    Mute,
    OpenIDLogin,
    Post,
    PostLike,
    PostRevision,
    PostStatus,
    RefusedAddress,
    Report,
    ReportState,
    Subscription,
    User,
)
from blog.moderation.measures.mails import APPEAL
from blog.notifications.mail.links import UNSUBSCRIBE as END_NOTIFICATIONS
from blog.posts.fields import set_tags, tag_ids
from blog.reactions.events import PostLiked
from blog.subscriptions.links import CONFIRM as CONFIRM_SUBSCRIPTION
from blog.subscriptions.links import UNSUBSCRIBE
from settings import Settings
from tests.servers import SECRET_KEY
from tests.support import add_user, change_site

WRITER = "ada.moreno"
EDITOR = "marta"
READER = "jun"
NEWCOMER = "new.here"
HOSTILE = "W" * 64
ADVERTISING = {"number": 2, "text": "No advertising."}

SITE = {
    "about": f"We write about our street. [This post](/post/1) says how it began.\n\n{'We ' * 90}",
    "rules": "They apply to everybody.\n\n1. **Be kind.** Argue with what someone says, and not "
             "with who they are.\n\n2. **No advertising.** Not even for a good cause.\n\n"
             f"4. Write short words, not such as {'W' * 80}.",
    "privacy": "## What we store\n\n- What you write\n- Your email address",
    "contact": "Write to <post@example.com>, or come by.",
}  # fmt: skip

PEOPLE = {
    WRITER: ("Ada Moreno", "Lisbon", "Typesetter by day, gardener at weekends. I write about"
             " paper, tomatoes and the tram that never comes."),
    "tomas": ("Tomáš Novák", "Brno", "Databases, mostly the boring parts."),
    READER: ("", "", ""),
    "i.okafor": ("Ifeoma Okafor", "Enugu", "Runs a community radio station and its only website."),
    EDITOR: ("Marta Lindqvist", "Uppsala", "Keeps the peace here. Write to me before you shout."),
    NEWCOMER: ("", "", ""),
}  # fmt: skip

POSTS = [
    ("i.okafor", 3, """\
We are **on air again**. The transmitter was struck by lightning on Tuesday; two neighbours, a \
ladder and a borrowed capacitor later it hums as before. Tonight at eight: an hour of listeners' \
letters, read aloud."""),
    (WRITER, 49, """\
## What a broadside was

Before there were newspapers there was the broadside: *one sheet, printed on one side*, pasted on \
a wall before the ink was dry. It told of comets, of hangings, of herring at a good price. Nobody \
had to ask for permission to print one, and nobody had to read it.

> The walls of the town were its front page, and everybody who could hold a brush was its editor.

Three rules that the old printers kept, and that still do:

1. Say the thing in the first line.
2. Use one typeface, in at most three sizes.
3. Leave the margin alone."""),
    ("tomas", 200, """\
A reminder to my future self: an index is only used for `ORDER BY … LIMIT` if it has the columns \
in that very order.

```sql
CREATE INDEX ON posts (author_id, created_at DESC, id DESC);
EXPLAIN SELECT * FROM posts WHERE author_id = 42 ORDER BY created_at DESC, id DESC LIMIT 21;
```

| rows in the table | before | after |
| --- | --- | --- |
| 10,000 | 4 ms | 0.2 ms |
| 1,000,000 | 380 ms | 0.2 ms |"""),
    (READER, 26 * 60, "Does anybody else read the *last* page of a book first, or is it just me?"),
    (WRITER, 3 * 24 * 60, """\
The tomatoes have names now: Gutenberg, Caslon, and the small one that will not ripen is \
[Comic Sans](https://example.com/tomatoes). It is the favourite of the children, of course."""),
    ("tomas", 40 * 24 * 60, "First post. ~~Second thoughts.~~ Hello, everybody."),
    ("tomas", 41 * 24 * 60, """\
[toc]

## How long is a list?

A page of a list costs the same at any depth, if it begins *after the last row* of the one \
before.[^1] ==Counting rows== is what takes time: with $n$ rows and pages of $k$, reading them \
all costs

$$
\\sum_{i=0}^{\\lceil n/k \\rceil} ik = \\mathcal{O}\\left(\\frac{n^2}{k}\\right)
$$

and not $\\mathcal{O}(n)$, as one would think.[^keyset]

> [!TIP]
> Give each row a place that never changes, and an index on it.

> [!WARNING]
> Two rows may be of the same moment.
>
> - Compare the id as well.

### What to write

```python {2,5-6}
async def page(session, after, size):
    place = (Post.published_at, Post.id)
    rows = (
        select(Post)
        .where(tuple_(*place) < after)
        .order_by(*map(desc, place))
        .limit(size)
    )
    return await session.scalars(rows)
```

Offset
: How many rows are passed over. They are all read.

Keyset
: Where the last page ended. Nothing before it is read.

  Also called *seek*.

### What is left to do

- [x] Lists of posts
- [x] Comments
- [ ] The search, whose order changes
  - [ ] Ask somebody who knows

| Page | Offset | Keyset |
| :--- | :----: | -----: |
| 1 | 0.2 ms | 0.2 ms |
| 1,000 | 31 ms | 0.2 ms |

$$
\\begin{pmatrix} a_{11} & \\cdots & a_{1n} \\\\ \\vdots & \\ddots & \\vdots \\\\
a_{n1} & \\cdots & a_{nn} \\end{pmatrix}
$$

> [!NOTE]
> And a note.

> [!IMPORTANT]
> **真，**她 is emphasised as well.

> [!CAUTION]
> Do not count.

[^1]: The second page of a phone book is found by the last name on the first.
[^keyset]: Markus Winand has written about it for years.

    See also the first note.[^1]"""),
]  # fmt: skip
# A post with a title and all that goes with it.
ARTICLE = """\
The bench at the stop is the best place in town to read, because nobody ever comes to take you \
away from it. I have finished two novels there since March, and most of a third.

## What the timetable says

It says *every twelve minutes*. It has said so since 1974, when the line was still there to be \
late. Then the bridge was closed, the rails were lifted, and nobody came for the timetable.

> A promise that nobody has to keep is the most reliable one there is.

### What it does not say

Who will read it. A timetable is a letter to whoever happens to stand there.

## What I propose

Leave it as it is. Paint the bench. Add a second one, and a lamp, and call it what it has been for \
fifty years: a reading room with a roof, open at all hours, where the fare is your patience.
"""
ARTICLE_FIELDS = {
    "title": "In praise of the tram that never comes",
    "slug": "in-praise-of-the-tram-that-never-comes",
    "language": "en-GB",
    "summary": "The bench at the stop is the best reading room in town. A proposal to keep the"
    " timetable, and to add a lamp.",
    "word_count": 138,
}
ARTICLE_TAGS = ("Trams", "public space", "Lisbon")
# What readers saw before that: minutes ago, title, tags and text.
ARTICLE_HISTORY = [
    (85, "In praise of the tram", ["Trams"], ARTICLE.split("## What I propose", maxsplit=1)[0]),
    (60, "In praise of the tram", ["Trams"], "My address is at the end.\n"),
    (35, ARTICLE_FIELDS["title"], ["Trams"],
     ARTICLE.replace("two novels there since March, and most of a third",
                     "a novel there since March").replace("a lamp, and call", "call")),
]  # fmt: skip


LONG_WORD = "incomprehensibilities" * 40
COMMENTS = [
    ("tomas", 30, "And the *verso* stayed empty, so that it could be pasted up. I had never"
                  " thought about that."),
    ("i.okafor", 21, "Ours is the telephone box by the market. Same rules, `3` included."),
    (READER, 5, "Who paid for the paper?"),
]  # fmt: skip
# Each replies to the one before, the first of them to the first comment.
REPLIES = [
    (WRITER, 28, "> I had never thought about that.\n\nNor had I, before I held one."),
    ("tomas", 27, "Where do you find them?"),
    (WRITER, 26, "In a shop by the river that has no sign."),
    ("i.okafor", 25, "I know that one. It has moved."),
    ("tomas", 24, "Where to?"),
    (WRITER, 23, "Across the bridge, next to the bakery."),
]
HOSTILE_POSTS = [
    LONG_WORD,
    f"# {LONG_WORD}\n\n[{LONG_WORD}](https://example.com/{LONG_WORD}) `{LONG_WORD}`",
    "```\n" + "x = 1; " * 200 + "\n```",
    "|" + " column |" * 30 + "\n|" + " --- |" * 30 + "\n|" + f" {LONG_WORD[:60]} |" * 30,
    ">" * 19 + " deeply quoted",
    "\n".join("  " * depth + f"- level {depth}" for depth in range(30)),
    "A" * 65_536,
    "\u202e right to left \u202c " + "Z̸̨̛͕͎" * 50,
]


# Where the post with the comments is, on a site that nobody has written on before.
PREVIEW = "k" * 43
SCHEDULED_WALL = datetime(2044, 3, 1, 9, 30)  # noqa: DTZ001 (by the clocks of Lisbon)
ARTICLE_PAGE = f"/post/{len(HOSTILE_POSTS) + len(POSTS) + 2}/{ARTICLE_FIELDS['slug']}"
REVISIONS = f"/post/{len(HOSTILE_POSTS) + len(POSTS) + 2}/revisions"
HIDDEN_POST = f"/post/{len(HOSTILE_POSTS) + len(POSTS) + 1}"
SCHEDULED_PAGE = f"/post/{len(HOSTILE_POSTS) + len(POSTS) + 3}/waiting-rooms"
ESSAY = f"/post/{len(HOSTILE_POSTS) + len(POSTS) - 1}"
# The post that has all that Markdown has here.
MARKDOWN_POST = f"/post/{len(HOSTILE_POSTS) + 1}"


def app_of(var_dir: Path, database_url: str | None = None) -> Broadside:
    """An application on the same data as the server in `var_dir`, to fill it from here."""
    return create_app(
        Settings(
            _env_file=None,
            env="development",
            secret_key=SECRET_KEY,
            var_dir=var_dir,
            database_url=database_url,
        )  # type: ignore[call-arg]
    )


async def fill(app: Broadside) -> dict[str, str]:
    """Put the people, the posts and the comments of this file on the site that `app` has open.

    Returns:
        Links as the mails have them, to pages that nobody gets to see without.
    """
    await change_site(app, **SITE)
    people = {}
    for username, (name, location, about_me) in PEOPLE.items():
        people[username] = await add_user(
            app, username, name=name, location=location, about_me=about_me,
            confirmed=username != NEWCOMER,
            role="Administrator" if username == EDITOR else "User",
        )  # fmt: skip
    people[HOSTILE] = await add_user(
        app, HOSTILE, name=HOSTILE, location=HOSTILE, about_me=LONG_WORD
    )
    applicant = await add_user(app, "pia", confirmed=False, awaits_approval=True)
    # The oldest first: the ids give the lists their order.
    hostile = [(HOSTILE, 60 * 24 * 60, body) for body in HOSTILE_POSTS]
    posts = [post_by(people[who], ago, body) for who, ago, body in hostile + POSTS[::-1]]
    async with app.database.session() as session:
        session.add_all(posts)
        await session.flush()
        comments = [comment_by(people[who], posts[-2], ago, body) for who, ago, body in COMMENTS]
        session.add_all(comments)
        session.add(Follow(follower_id=people[READER].id, followed_id=people[WRITER].id))
        letter = "I print posters, and Ada says that you would like them.\nI promise to be brief."
        session.add(Application(user_id=applicant.id, text=letter, proved_at=now()))
        end = now() + timedelta(days=9)
        for note, facts in (("My brother", {}), ("W" * 120, {"revoked_at": now()})):
            invitation = {"inviter_id": people[WRITER].id, "note": note, "expires_at": end}
            session.add(Invitation(**invitation, **facts))
        people["tomas"].invited_by_id = people[WRITER].id
        await session.merge(people["tomas"])
        liking = [people[name].id for name in (READER, EDITOR, HOSTILE)]
        session.add_all(PostLike(user_id=user_id, post_id=posts[-2].id) for user_id in liking)
        await session.flush()
        await dispatch(session, [PostLiked(user_id, posts[-2].id) for user_id in liking])
        await dispatch(session, [CommentWritten(each.id, each.post_id, each.author_id, None)
                             for each in comments])  # fmt: skip
        await dispatch(session, [PersonFollowed(people[READER].id, people[WRITER].id)])
        session.add(Mute(user_id=people[READER].id, muted_id=people[EDITOR].id))
        for word, is_tag, folded in (("tram", False, "'tram'"), ("spoilers", True, "spoilers")):
            hidden = {"word": word, "is_tag": is_tag, "folded": folded}
            session.add(HiddenWord(user_id=people[READER].id, **hidden))
        traces = traces_of_moderation(people, posts)
        session.add_all(traces)
        session.add(RefusedAddress(address=people[READER].email, days=3))
        session.add(MailPreference(user_id=people[WRITER].id, wants_digest=False))
        issuer = "https://login.example.com"
        session.add(OpenIDLogin(user_id=people[WRITER].id, issuer=issuer, subject="4711"))
        # The ids are 1, 2 and 3.
        states = {"new": (None, None), "regular": (now(), None), "past": (now(), now())}
        for name, (confirmed_at, ended_at) in states.items():
            session.add(
                Subscription(
                    author_id=people[WRITER].id, email=f"{name}@example.com",
                    confirmed_at=confirmed_at, ended_at=ended_at,
                )
            )  # fmt: skip
            await session.flush()
        session.add(
            Email(
                purpose="confirm", recipient="nobody@example.com", subject="Confirm your address",
                text="", html="", state=EmailState.FAILED, attempts=8,
                last_error="550 5.1.1 <nobody@example.com>: Recipient address rejected",
            )
        )  # fmt: skip
        session.add(
            Job(
                kind="send_webhook", payload={"webhook_id": 3, "event": "7310-152"},
                state=JobState.FAILED, attempts=9,
                last_error="ConnectError: https://hooks.example.com/broadside: timed out",
            )
        )  # fmt: skip
        await session.flush()
        session.add_all(held_items(people, posts[-2]))
        session.add(
            BulkAct(
                moderator_id=people[EDITOR].id, since=now(), hides=True, disables=True,
                refuses=False, reason="The same advertisement from forty accounts.",
                finished_at=now(),
            )
        )  # fmt: skip
        await add_replies(session, people, posts[-2])
        await add_article(session, people[WRITER])
        for trace in traces:
            if isinstance(trace, AuditEntry):
                await publish(session, trace, ADVERTISING if trace.act != Act.RENAME_TAG else None)
        await session.commit()
    return links_for(app, people[WRITER])


def held_items(people: dict[str, User], post: Post) -> list[HeldItem]:
    """Two comments that wait for a moderator, and one that was refused."""
    ad, question = "Buy *one*, get none: https://spam.example/", "May I quote this?"
    refused = {"decided_at": now(), "is_approved": False, "answer": "Off topic."}
    return [
        HeldItem(
            kind=HeldKind.COMMENT, author_id=people[who].id, post_id=post.id,
            payload={"body": body}, reasons=reasons, digest=body, version=0, **decision,
        )
        for who, body, reasons, decision in (
            (HOSTILE, ad, [["link", "spam.example"], ["word", LONG_WORD]], {}),
            (WRITER, question, [["first posts", ""]], {}),
            (WRITER, question, [["first posts", ""]], refused),
        )
    ]  # fmt: skip


def traces_of_moderation(people: dict[str, User], posts: list[Post]) -> list[Base]:
    """A report that waits and one that is closed, a disabled comment, a hidden post, the log, a
    note, an answer template."""
    editor, reader = people[EDITOR], people[READER]
    spam = post_by(people[HOSTILE], 10, "Buy *one*, get none.")
    spam.hidden_at = now()
    disabled = comment_by(people[HOSTILE], posts[-2], 1, "Nobody reads this rag anyway.")
    disabled.disabled_at, disabled.disabled_by_id = now(), editor.id
    disabled.disabled_reason = "Be kind, or be quiet."
    closed = Report(reporter_id=reader.id, post=spam, reason="Sells something.")
    closed.state, closed.closed_at, closed.closed_by_id = ReportState.RESOLVED, now(), editor.id
    acts = [(Act.DISABLE_COMMENT, {"comment": 4, "reason": "Be kind, or be quiet."}),
            (Act.HIDE_POST, {"post": len(posts) + 1, "reason": "Advertising."}),
            (Act.LIMIT, {"measure": 1, "reason": "Advertises."}),
            (Act.RENAME_TAG, {"tag": ["Tram", "Trams"], "reason": "One spelling."})]  # fmt: skip
    log = [
        AuditEntry(
            actor_id=editor.id, actor_name=EDITOR, act=act,
            subject_id=people[HOSTILE].id, subject_name=HOSTILE, details=details,
        )
        for act, details in acts
    ]  # fmt: skip
    waits = Report(
        reporter_id=reader.id, post_id=posts[1].id, reason="Shouting.", category="1",
        rule={"number": 1, "text": "Be kind."}, claimed_by_id=editor.id, claimed_at=now(),
    )  # fmt: skip
    note = ModeratorNote(
        person_id=people[HOSTILE].id, author_id=editor.id, text="Promised to advertise no more."
    )
    template = AnswerTemplate(name="Advertising", text="We don't allow advertising here.")
    measure = Measure(
        person_id=people[HOSTILE].id, moderator_id=editor.id, kind=MeasureKind.LIMIT,
        rule=ADVERTISING, reason="Advertises.",
    )  # fmt: skip
    reminder = Measure(
        person_id=people[WRITER].id, moderator_id=editor.id, kind=MeasureKind.REMIND,
        rule=ADVERTISING, reason="Your last post praises your own book. Once is enough.",
    )  # fmt: skip
    appeal = Appeal(measure=measure, text="It was a gift to readers.")
    return [waits, spam, disabled, closed, *log, measure, appeal, reminder, note, template]


def links_for(app: Broadside, user: User) -> dict[str, str]:
    """The paths of the links that are mailed to a person."""
    content: dict[str, str | int] = {"user": user.id, "credentials": credentials_of(user)}
    moved = content | {"email": "moved@example.com"}
    return {
        **links_of_subscriptions(app),
        "appeal": f"/appeal/{app.links.sign(APPEAL, {'measure': 1})}",
        "end_comments": _end_notifications(app, user, "comment"),
        "end_digests": _end_notifications(app, user, "digest"),
        "reset": f"/auth/reset/{app.links.sign(RESET_PASSWORD, content)}",
        "change_email": f"/auth/change_email/{app.links.sign(CHANGE_EMAIL, moved)}",
        "delete_account": f"/auth/delete-account/{app.links.sign(DELETE_ACCOUNT, content)}",
    }


def _end_notifications(app: Broadside, user: User, kind: str) -> str:
    token = app.links.sign(END_NOTIFICATIONS, {"user": user.id, "kind": kind})
    return f"/auth/notifications/unsubscribe/{token}"


def links_of_subscriptions(app: Broadside) -> dict[str, str]:
    """The paths of the links that are mailed to subscribers."""
    pages = {"subscribe": (CONFIRM_SUBSCRIPTION, "confirm", 1),
             "unsubscribe": (UNSUBSCRIBE, "unsubscribe", 2),
             "unsubscribed": (UNSUBSCRIBE, "unsubscribe", 3)}  # fmt: skip
    return {
        name: f"/subscriptions/{page}/{app.links.sign(purpose, {'subscription': number})}"
        for name, (purpose, page, number) in pages.items()
    }


def post_by(author: User, minutes_ago: int, body: str) -> Post:
    """A post that was written a while ago."""
    moment = now() - timedelta(minutes=minutes_ago)
    return Post(
        author_id=author.id,
        body=body,
        body_html=render_document(body),
        renderer_version=RENDERER_VERSION,
        created_at=moment,
        published_at=moment,
    )


async def add_article(session: AsyncSession, author: User) -> None:
    """Add the post with a title, and its tags."""
    article = post_by(author, 90, ARTICLE)
    for name, value in ARTICLE_FIELDS.items():
        setattr(article, name, value)
    session.add(article)
    await session.flush()
    article.pinned_at = now()
    await set_tags(session, article.id, await tag_ids(session, ARTICLE_TAGS))
    add_history(session, article)
    draft = post_by(author, 0, "What we read while *we* wait.")
    draft.title, draft.slug, draft.preview_key = "A list of waiting rooms", "waiting-rooms", PREVIEW
    draft.status, draft.scheduled_wall = PostStatus.SCHEDULED, SCHEDULED_WALL
    draft.time_zone, draft.published_at = "Europe/Lisbon", SCHEDULED_WALL.replace(tzinfo=UTC)
    session.add(draft)
    folder = BookmarkFolder(user_id=author.id, name="Trams and waiting")
    session.add_all([folder, BookmarkFolder(user_id=author.id, name="Gardens")])
    await session.flush()
    kept = {"user_id": author.id, "post_id": article.id}
    session.add(Bookmark(folder_id=folder.id, **kept))


def add_history(session: AsyncSession, article: Post) -> None:
    """Add what readers saw before of the article; its author has hidden the second text."""
    for number, (ago, title, tags, body) in enumerate(ARTICLE_HISTORY, 1):
        moment = now() - timedelta(minutes=ago)
        revision = PostRevision(
            post_id=article.id, number=number, created_at=moment, editor_id=article.author_id,
            title=title, tags=tags, body=body, body_html=render_document(body),
            renderer_version=RENDERER_VERSION, changed=["body"], words_added=40 * number,
            words_removed=number - 1, hidden_at=moment if number == 2 else None,
        )  # fmt: skip
        session.add(revision)
    article.revision, article.edited_at = len(ARTICLE_HISTORY) + 1, now() - timedelta(minutes=5)
    session.add(
        PostRevision(
            post_id=article.id, number=article.revision, created_at=article.edited_at,
            editor_id=article.author_id, changed=["body", "tags"], words_added=9, words_removed=1,
        )
    )  # fmt: skip


async def add_replies(session: AsyncSession, people: dict[str, User], post: Post) -> None:
    """A thread that is deeper than replies are indented, with a like."""
    parent = (
        await session.scalars(
            select(Comment).where(Comment.post_id == post.id).order_by(Comment.id)
        )
    ).first()
    for who, ago, body in REPLIES:
        assert parent is not None
        reply = comment_by(people[who], post, ago, body)
        reply.parent_id = parent.id
        session.add(reply)
        await session.flush()
        reply.path = [*(parent.path or [parent.id])[: Comment.DEEPEST], reply.id]
        session.add(CommentLike(user_id=people[READER].id, comment_id=parent.id))
        await session.flush()
        parent = reply


def comment_by(author: User, post: Post, minutes_ago: int, body: str) -> Comment:
    """A comment under `post` that was written a while ago."""
    return Comment(
        author_id=author.id,
        post_id=post.id,
        body=body,
        body_html=render_inline(body),
        renderer_version=RENDERER_VERSION,
        created_at=now() - timedelta(minutes=minutes_ago),
    )
