"""What an export of this site has of its owner as a person: the profile, and whom they follow."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.auth.quotas import FOLLOWING, spend_from
from blog.core.errors import TooManyRequestsError
from blog.core.text.tags import fold_tag
from blog.core.text.validation import messages, without_forbidden
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket
from blog.follows.service import MOST_FOLLOWED
from blog.follows.writes import Pair, add
from blog.models import Follow, Permission, Tag, TagFollow, User
from blog.models.account_deletion import not_deleted
from blog.tags.service import MOST_FOLLOWED as MOST_TAGS
from blog.transfer.importing.post import ImportedProfile
from blog.users.schemas import ProfileForm

NAMED_AT_ONCE = 50
LABELS = {
    "name": "name", "location": "location", "about_me": "“About me”", "language": "language",
    "noindex": "search engine setting",
}  # fmt: skip

ARE_FILLED_IN = "Filled in: {names}."
IS_KEPT = "Your {what} stays as it is here."
IS_SKIPPED = "Your {what} is skipped: {reason}"
PICTURE = "profile picture"
WILL_FOLLOW, FOLLOWS = "You'll follow {names}.", "You're now following {names}."
NOT_HERE = "These people aren't here: {names}."
MAY_NOT = "Your account can't follow people."
OTHER_TAGS = "You can't follow these tags yet: {names}."
LATER = "You can't follow so many people at once. Import the file again later to follow {names}."


class Person(NamedTuple):
    """Somebody to follow."""

    id: int
    username: str


async def follow(owner_id: int, names: Sequence[str], *, is_trial: bool) -> tuple[int, list[str]]:
    """Follow people who are here under the same names, as far as the limits of following allow.

    Args:
        owner_id: who follows.
        names: usernames. Those whom they follow already make no difference.
        is_trial: whether this is only found out.

    Returns:
        How many there are; what to say about them.
    """
    valid = (name for name in names[:MOST_FOLLOWED] if without_forbidden(name) == name)
    wanted = {name.lower(): name for name in valid}
    async with current_app.database.reading_session() as session:
        owner = await session.get_one(
            User, owner_id, options=[joinedload(User.role, innerjoin=True)]
        )
        follows = select(Follow.followed_id).where(Follow.follower_id == owner_id)
        here = select(User.id, User.username, User.id.in_(follows).label("is_followed")).where(
            func.lower(User.username).in_(wanted), User.id != owner_id, not_deleted(User.id)
        )
        rows = (await session.execute(here)).all()
    absent = wanted.keys() - {row.username.lower() for row in rows} - {owner.username.lower()}
    people = [Person(row.id, row.username) for row in rows if not row.is_followed]
    people.sort(key=lambda person: person.username.lower())
    said = _named(NOT_HERE, sorted(wanted[name] for name in absent))
    if people and Permission.FOLLOW not in owner.permissions:
        return 0, [MAY_NOT, *said]
    room = max(0, MOST_FOLLOWED - owner.following_count)
    if is_trial:
        now = people[: min(room, FOLLOWING.number)]
    else:
        now = await _follow(owner_id, people[:room])
    said = _named(WILL_FOLLOW if is_trial else FOLLOWS, [person.username for person in now]) + said
    later = [person.username for person in people if person not in set(now)]
    return len(now), said + _named(LATER, later)


async def _follow(owner_id: int, people: Sequence[Person]) -> list[Person]:
    """Follow people until the quota is used up."""
    allowed = list[Person]()
    for person in people:
        try:
            await spend_from((Bucket(FOLLOWING, f"person {owner_id}"),))
        except TooManyRequestsError:
            break
        allowed.append(person)
    done = await asyncio.gather(*(_follow_one(Pair(owner_id, person.id)) for person in allowed))
    return [person for person, is_there in zip(allowed, done, strict=True) if is_there]


async def _follow_one(pair: Pair) -> bool:
    """Whether somebody is followed then: they may have left meanwhile."""
    try:
        await current_app.writes.run(add, pair)
    except IntegrityError:
        return False
    return True


def _named(text: str, names: Sequence[str]) -> list[str]:
    """A text with names, some at a time."""
    return [
        text.format(names=", ".join(names[start : start + NAMED_AT_ONCE]))
        for start in range(0, len(names), NAMED_AT_ONCE)
    ]


async def follow_tags(
    session: AsyncSession, owner_id: int, names: Sequence[str], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Follow tags that are here, as far as the limit allows; the caller commits.

    Returns:
        How many there are; what to say about them.
    """
    valid = (name for name in names if without_forbidden(name) == name)
    wanted = {fold_tag(name): name for name in valid}
    here = select(Tag.id, Tag.folded).where(Tag.folded.in_(list(wanted)[:MOST_TAGS]))
    found = {row.folded: row.id for row in await session.execute(here.order_by(Tag.id))}
    theirs = select(TagFollow.tag_id).where(TagFollow.user_id == owner_id)
    followed = set(await session.scalars(theirs))
    # Those of posts are not there yet in a trial run.
    possible = wanted if is_trial else found
    new = [key for key in wanted if key in possible and found.get(key) not in followed]
    now = new[: max(0, MOST_TAGS - len(followed))]
    if now and not is_trial:
        rows = [{"user_id": owner_id, "tag_id": found[key]} for key in now]
        await session.execute(insert(TagFollow).on_conflict_do_nothing(), rows)
    later = [key for key in wanted if key not in now and found.get(key) not in followed]
    return len(now), _named(OTHER_TAGS, [wanted[key] for key in later])


async def fill_profile(
    session: AsyncSession,
    owner_id: int,
    profile: ImportedProfile,
    avatar: str | None,
    *,
    is_trial: bool,
) -> tuple[Counter[str], list[str]]:
    """Fill in what is empty of somebody's profile; the caller commits.

    Args:
        avatar: the name of the image that becomes their picture.
        is_trial: whether nothing is written.

    Returns:
        How much there is; what to say about it.
    """
    columns = (*(getattr(User, name) for name in LABELS), User.avatar)
    statement = select(*columns).where(User.id == owner_id)
    if not is_trial:
        statement = statement.with_for_update(key_share=True)
    present = (await session.execute(statement)).one()
    changes, said = dict[str, Any](), list[str]()
    for name, label in LABELS.items():
        if (given := profile.fields.get(name)) is None:
            continue
        before = getattr(present, name)
        try:
            value = getattr(ProfileForm.model_validate({name: given}), name)
        except ValidationError as error:
            said.append(IS_SKIPPED.format(what=label, reason=messages(error)[name]))
            continue
        if not value or value == before:
            continue
        if before:
            said.append(IS_KEPT.format(what=label))
        else:
            changes[name] = value
    said = _named(ARE_FILLED_IN, [LABELS[name] for name in changes]) + said
    counts = Counter(profile=len(changes))
    if profile.avatar and present.avatar:
        said.append(IS_KEPT.format(what=PICTURE))
    elif profile.avatar and (avatar or is_trial):
        counts["avatar"] = 1
        changes["avatar"] = avatar
    if changes and not is_trial:
        await session.execute(update(User).where(User.id == owner_id).values(changes))
    return counts, said


async def has_avatar(owner_id: int) -> bool:
    """Whether somebody has a picture of their own."""
    async with current_app.database.reading_session() as session:
        return await session.scalar(select(User.avatar).where(User.id == owner_id)) is not None
