"""The choice of a template in a form: its button sends the form, which comes back with the text."""

from collections.abc import Mapping
from typing import Any

from quart import request

from blog.core.errors import NotFoundError
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.moderation.answers import queries, service

BUTTON = "use_template"


async def with_template(form: Form[Any], field: str) -> bool:
    """Fill the text of the chosen template into a field, below what it has already.

    Args:
        form: filled with all that was sent.
        field: the field that takes the text.

    Returns:
        `False` if the form was sent by another button.

    Raises:
        NotFoundError: the template was deleted.
    """
    sent: Mapping[str, str] = await request.form
    if BUTTON not in sent:
        return False
    chosen, values = sent.get("template", ""), dict(sent)
    if chosen.isascii() and chosen.isdigit() and len(chosen) <= 18:
        template = await queries.template_by_id(db(), int(chosen))
        if template is None:
            raise NotFoundError(service.NO_SUCH_TEMPLATE)
        typed = values.get(field, "").replace("\r\n", "\n").strip()
        values[field] = f"{typed}\n\n{template.text}" if typed else template.text
    form.values = values
    return True
