"""Write notes."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.web.submissions import submission_key
from blog.models import ModeratorNote, Report, User
from blog.models.account_deletion import not_deleted
from blog.moderation.notes.schemas import NoteForm
from blog.moderation.service import require_moderator

NO_SUCH_PERSON = lazy_gettext("This user doesn't exist.")


async def add_note(
    session: AsyncSession, moderator: Viewer, person_id: int, form: NoteForm
) -> None:
    """Add a note about a person. The same form sent twice adds one.

    A report that isn't about them is ignored.

    Raises:
        ForbiddenError: the viewer is not a moderator.
        NotFoundError: the account doesn't exist (any more).
    """
    require_moderator(moderator)
    person = select(User.id).where(User.id == person_id, not_deleted(User.id))
    if await session.scalar(person.with_for_update(read=True, key_share=True)) is None:
        raise NotFoundError(NO_SUCH_PERSON)
    report_id = form.report
    if report_id is not None:
        report = select(Report.id).where(Report.id == report_id, Report.author_id == person_id)
        report_id = await session.scalar(report.with_for_update(read=True, key_share=True))
    added = insert(ModeratorNote).values(
        person_id=person_id, author_id=moderator.id or None, report_id=report_id, text=form.text,
        submission=submission_key(form, moderator.id, person_id, form.text),
    )  # fmt: skip
    await session.execute(added.on_conflict_do_nothing())
    await session.commit()
