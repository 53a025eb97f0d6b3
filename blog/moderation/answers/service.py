"""Change the answer templates. Each function is one transaction."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth import audit
from blog.core.auth.viewer import Viewer
from blog.core.errors import InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.i18n import lazy_gettext, ngettext
from blog.models import Act, AnswerTemplate
from blog.moderation.answers.queries import MOST_TEMPLATES
from blog.moderation.answers.schemas import TemplateForm

NAME_IS_TAKEN = lazy_gettext("There's already a template with this name.")
NO_SUCH_TEMPLATE = lazy_gettext("This template doesn't exist any more.")


async def add_template(session: AsyncSession, administrator: Viewer, form: TemplateForm) -> None:
    """Add a template.

    Raises:
        InvalidFieldsError: another template has this name.
        LimitReachedError: there are too many.
    """
    number = await session.scalar(select(func.count()).select_from(AnswerTemplate))
    if number and number >= MOST_TEMPLATES:
        too_many = ngettext(
            "There can be at most %(num)s template.",
            "There can be at most %(num)s templates.",
            MOST_TEMPLATES,
        )
        raise LimitReachedError({"": too_many})
    session.add(AnswerTemplate(name=form.name, text=form.text))
    await _log_and_commit(session, administrator, "add", form.name)


async def change_template(
    session: AsyncSession, administrator: Viewer, template_id: int, form: TemplateForm
) -> None:
    """Change a template.

    Raises:
        InvalidFieldsError: another template has this name.
        NotFoundError: it was deleted.
    """
    template = await _lock_template(session, template_id)
    template.name, template.text = form.name, form.text
    await _log_and_commit(session, administrator, "change", form.name)


async def delete_template(session: AsyncSession, administrator: Viewer, template_id: int) -> None:
    """Delete a template.

    Raises:
        NotFoundError: it was deleted.
    """
    template = await _lock_template(session, template_id)
    name = template.name
    await session.delete(template)
    await _log_and_commit(session, administrator, "delete", name)


async def _lock_template(session: AsyncSession, template_id: int) -> AnswerTemplate:
    template = await session.get(AnswerTemplate, template_id, with_for_update=True)
    if template is None:
        raise NotFoundError(NO_SUCH_TEMPLATE)
    return template


async def _log_and_commit(
    session: AsyncSession, administrator: Viewer, change: str, name: str
) -> None:
    try:
        await session.flush()
    except IntegrityError as error:
        await session.rollback()
        raise InvalidFieldsError({"name": NAME_IS_TAKEN}) from error
    audit.record(session, administrator, Act.CHANGE_ANSWERS, None, template=name, change=change)
    await session.commit()
