"""Apply the choices in an export of this site: people, tags, hidden words, folders and mail."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.blocks.schemas import HiddenWordCreate
from blog.blocks.service import MOST_WORDS, hide_word
from blog.core.auth.viewer import Viewer
from blog.core.errors import InvalidFieldsError, LimitReachedError
from blog.core.i18n import lazy_gettext
from blog.core.text.tags import fold_tag
from blog.core.text.validation import messages, remove_forbidden
from blog.core.text.wall_times import zone_names
from blog.core.web.app import current_app
from blog.models import (
    BookmarkFolder,
    HiddenWord,
    MailPreference,
    NotificationKind,
    Tag,
    TagFollow,
    User,
)
from blog.models.mail_preference import DigestPeriod, MailChoice
from blog.reactions.folders import MOST_FOLDERS, get_or_add_folder
from blog.reactions.schemas import FolderForm
from blog.tags.service import MOST_FOLLOWED as MOST_TAGS
from blog.transfer.importing.people import block_people, follow, mute_people
from blog.transfer.importing.post import ImportedChoices
from blog.transfer.importing.report import format_names

OTHER_TAGS = lazy_gettext("You can't follow these tags yet: %(names)s.")
WORD = lazy_gettext("The hidden word “%(word)s” is skipped: %(reason)s")
FOLDER = lazy_gettext("The bookmark folder “%(name)s” is skipped: %(reason)s")
MAIL_IS_KEPT = lazy_gettext("Your email settings here stay as they are.")
NO_MAIL_CHOICES = lazy_gettext("It doesn't include your email settings.")
LONGEST_QUOTED = 60


async def apply_choices(
    owner_id: int, choices: ImportedChoices, *, is_trial: bool
) -> tuple[Counter[str], list[str]]:
    """Apply all choices except the tags, each kind in its own transactions. Idempotent.

    Returns:
        The number of choices by kind, and remarks.
    """
    counts, remarks = Counter[str](), list[str]()
    if choices.follows:
        counts["follows"], further = await follow(
            owner_id, choices.follows, choices.alerts, is_trial=is_trial
        )
        remarks += further
    for kind, names, act in (
        ("muted", choices.muted, mute_people), ("blocked", choices.blocked, block_people),
    ):  # fmt: skip
        if names:
            counts[kind], further = await act(owner_id, names, is_trial=is_trial)
            remarks += further
    for kind, texts, add in (
        ("hidden", choices.hidden, _hide_words), ("folders", choices.folders, _add_folders),
    ):  # fmt: skip
        if texts:
            counts[kind], further = await add(owner_id, texts, is_trial=is_trial)
            remarks += further
    if choices.mail:
        counts["mail"], further = await _set_mail_preferences(
            owner_id, choices.mail, is_trial=is_trial
        )
        remarks += further
    return counts, remarks


async def follow_tags(
    session: AsyncSession, owner_id: int, names: Sequence[str], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Follow existing tags, up to the limit; the caller commits.

    Returns:
        The number of tags, and remarks.
    """
    valid = (name for name in names if remove_forbidden(name) == name)
    wanted = {fold_tag(name): name for name in valid}
    here = select(Tag.id, Tag.folded).where(Tag.folded.in_(list(wanted)[:MOST_TAGS]))
    found = {row.folded: row.id for row in await session.execute(here.order_by(Tag.id))}
    theirs = select(TagFollow.tag_id).where(TagFollow.user_id == owner_id)
    followed = set(await session.scalars(theirs))
    # In a trial run the tags of imported posts don't exist yet.
    possible = wanted if is_trial else found
    new = [key for key in wanted if key in possible and found.get(key) not in followed]
    now = new[: max(0, MOST_TAGS - len(followed))]
    if now and not is_trial:
        rows = [{"user_id": owner_id, "tag_id": found[key]} for key in now]
        await session.execute(insert(TagFollow).on_conflict_do_nothing(), rows)
    later = [key for key in wanted if key not in now and found.get(key) not in followed]
    return len(now), format_names(OTHER_TAGS, [wanted[key] for key in later])


async def _hide_words(
    owner_id: int, texts: Sequence[str], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Hide words, phrases and tags, up to the limit."""
    remarks, new = list[str](), list[str]()
    async with current_app.database.session() as session:
        owner = await _load_viewer(session, owner_id)
        theirs = select(HiddenWord.word, HiddenWord.is_tag).where(HiddenWord.user_id == owner_id)
        hidden = {
            f"#{row.word}" if row.is_tag else row.word for row in await session.execute(theirs)
        }
        for text in texts[: 2 * MOST_WORDS]:
            try:
                word = HiddenWordCreate(word=text).word
                if is_trial or (await hide_word(session, owner, word))[1]:
                    new.append(word)
            except ValidationError as error:
                remarks.append(_word_skipped(text, messages(error)["word"]))
            except LimitReachedError as error:
                remarks.append(str(error))
                break
            except InvalidFieldsError as error:
                remarks.append(_word_skipped(text, str(error)))
    return len({*new} - hidden) if is_trial else len(new), remarks


async def _add_folders(
    owner_id: int, names: Sequence[str], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Add bookmark folders, up to the limit."""
    remarks, new = list[str](), 0
    async with current_app.database.session() as session:
        theirs = select(BookmarkFolder.name).where(BookmarkFolder.user_id == owner_id)
        present = {name.lower() for name in await session.scalars(theirs)}
        for given in names[: 2 * MOST_FOLDERS]:
            try:
                name = FolderForm(name=given).name
                if name.lower() not in present:
                    if not is_trial:
                        await get_or_add_folder(session, owner_id, name)
                    present.add(name.lower())
                    new += 1
            except ValidationError as error:
                remarks.append(
                    str(FOLDER.with_values(name=_shorten(given), reason=messages(error)["name"]))
                )
            except LimitReachedError as error:
                remarks.append(str(error))
                break
        await session.commit()
    return new, remarks


def _check_time_zone(name: str) -> str:
    if name not in zone_names():
        raise ValueError(NO_MAIL_CHOICES)
    return name


class _MailChoices(BaseModel):
    """Columns of a `MailPreference`."""

    choices: dict[NotificationKind, MailChoice]
    wants_digest: bool
    digest: DigestPeriod
    weekday: Annotated[int, Field(ge=0, le=6)]
    hour: Annotated[int, Field(ge=0, le=23)]
    time_zone: Annotated[str, AfterValidator(_check_time_zone)]


async def _set_mail_preferences(
    owner_id: int, columns: dict[str, Any], *, is_trial: bool
) -> tuple[int, list[str]]:
    """Save the owner's email settings, unless they already have some here."""
    try:
        chosen = _MailChoices.model_validate(columns)
    except ValidationError:
        return 0, [str(NO_MAIL_CHOICES)]
    async with current_app.database.session() as session:
        if await session.get(MailPreference, owner_id) is not None:
            return 0, [str(MAIL_IS_KEPT)]
        if not is_trial:
            values = chosen.model_dump(mode="json")
            row = insert(MailPreference).values(user_id=owner_id, **values)
            await session.execute(row.on_conflict_do_nothing())
            await session.commit()
    return 1, []


async def _load_viewer(session: AsyncSession, user_id: int) -> Viewer:
    role = joinedload(User.role, innerjoin=True)
    return Viewer.of(await session.get_one(User, user_id, options=[role]))


def _word_skipped(word: str, reason: str) -> str:
    return str(WORD.with_values(word=_shorten(word), reason=reason))


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTED else f"{text[: LONGEST_QUOTED - 1]}…"
