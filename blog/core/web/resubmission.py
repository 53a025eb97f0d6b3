"""A form that could not be dealt with comes back with what was typed in it.

Whatever goes wrong with a POST of a page, the page about it (`blog.core.web.errors`) shows the
text, and where that makes sense in a form that can be sent again. To somebody who is not logged in
any more the log-in form takes the text along in hidden fields, and gives it back afterwards.

Nothing is ever sent by itself: a person presses the button. Nothing is kept on the server or in an
address. Passwords are never given back. What a page of another site made a browser send is not
shown, so that such a page cannot put its words under a button of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from quart import request
from werkzeug.exceptions import HTTPException

from blog.core.web import csrf
from blog.core.web.bodies import LARGEST_BODY
from blog.core.web.requests import SAFE_METHODS, is_for_api, local_address

# What people type, and what the page calls it. All else of a form is sent again as it was.
LABELS = {
    "body": "Text",
    "reason": "Reason",
    "name": "Name",
    "location": "Location",
    "about_me": "About me",
    "email": "E-mail",
    "username": "Username",
}
LONG = {"body", "reason", "about_me"}
SECRETS = {
    "old_password": "Present password",
    "password": "Password",
    "password2": "Password again",
}
# In the log-in form: where the form was to be sent, and the beginning of its fields' names.
TARGET, PREFIX = "draft_to", "draft."
# What the log-in form sends besides.
ROOM = 4 * 1024
MOST_FIELDS = 50


@dataclass(frozen=True)
class Unsent:
    """A form whose work was not done. A template can show it like a `blog.core.web.forms.Form`.

    Attributes:
        action: where it is to be sent; `None` if that is no address of this site.
        values: its fields, without passwords and the CSRF token.
        secrets: the labels of its passwords, which have to be typed again, by their names.
        errors: what is wrong with each field.
    """

    action: str | None
    values: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, action: str, fields: Mapping[str, str], errors: Mapping[str, str] | None = None
    ) -> "Unsent":
        """What was sent to `action` in `fields`."""
        # As in `Form`: browsers send each line's end as two characters.
        values = {
            name: text.replace("\r\n", "\n")
            for name, text in fields.items()
            if name not in SECRETS and name != csrf.FIELD
        }
        secrets = {name: label for name, label in SECRETS.items() if name in fields}
        return cls(local_address(action), values, secrets, errors or {})

    @property
    def texts(self) -> dict[str, str]:
        """The labels of what was typed, by the names of the fields."""
        return {name: LABELS[name] for name in self.values if name in LABELS}

    @property
    def hidden(self) -> dict[str, str]:
        """The other fields: a form's number, what was chosen in it."""
        return {name: text for name, text in self.values.items() if name not in LABELS}

    @property
    def long(self) -> set[str]:
        """The names of the texts that may have several lines."""
        return LONG

    @property
    def has_text(self) -> bool:
        """Whether somebody would have to type something again."""
        return any(self.values[name].strip() for name in self.texts)

    @property
    def carried(self) -> dict[str, str]:
        """What the log-in form takes along."""
        fields = {PREFIX + name: text for name, text in self.values.items()}
        return {TARGET: self.action or "", **fields}

    @property
    def can_be_carried(self) -> bool:
        """Whether the log-in form can take it along: its body has a limit, too."""
        if self.action is None or len(self.values) > MOST_FIELDS:
            return False
        return len(urlencode(self.carried)) <= LARGEST_BODY - ROOM


async def unsent_form(errors: Mapping[str, str] | None = None) -> Unsent | None:
    """The form that the current request has sent, to be shown to the person who has filled it in.

    Args:
        errors: what is wrong with each of its fields.

    Returns:
        `None` if the request is no form, comes from another site, or cannot be read.
    """
    if request.method in SAFE_METHODS or is_for_api() or not csrf.comes_from_here():
        return None
    try:
        fields = (await request.form).to_dict()
    except HTTPException:
        return None  # Malformed, too large, or too slow.
    return Unsent.of(request.full_path.rstrip("?"), fields, errors)


async def carried_form() -> Unsent | None:
    """The form that the log-in form of the current request has taken along, if it has."""
    fields = (await request.form).to_dict()
    if not local_address(fields.get(TARGET)):
        return None
    carried = {
        name.removeprefix(PREFIX): text for name, text in fields.items() if name.startswith(PREFIX)
    }
    return Unsent.of(fields[TARGET], carried)
