"""Choosing a template in a form: a button sends the form, which is shown again with the text."""

from collections.abc import Mapping
from typing import Any

from quart import request

from blog.core.errors import NotFoundError
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.moderation.answers import queries, service

BUTTON = "use_template"


async def fill_in_template(form: Form[Any], field: str) -> bool:
    """Add the text of the chosen template to a field, below the text that it already contains.

    Args:
        form: filled with everything that was sent.
        field: the field that gets the text.

    Returns:
        `False` if the form was sent with another button.

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
