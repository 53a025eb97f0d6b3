"""Preserve the input of a form that could not be processed.

If a POST fails, the error page (`blog.core.web.errors`) shows the text that was typed, in a form
that can be sent again where that makes sense. If the session has expired, the log-in form carries
the text in hidden fields and restores it afterwards.

Nothing is resubmitted automatically, and nothing is stored on the server or in a URL. Passwords are
never sent back. Input from a cross-site request is not shown, so that another site cannot place its
text above one of our buttons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlencode

from quart import request
from werkzeug.exceptions import HTTPException

from blog.core.i18n import lazy_gettext
from blog.core.web import csrf
from blog.core.web.bodies import LARGEST_BODY
from blog.core.web.requests import SAFE_METHODS, StrictRequest, is_for_api, local_address

# The labels of text fields. All other fields are sent again unchanged.
LABELS = {
    "title": lazy_gettext("Title"),
    "body": lazy_gettext("Text"),
    "tags": lazy_gettext("Tags"),
    "excerpt": lazy_gettext("Excerpt"),
    "reason": lazy_gettext("Reason"),
    "name": lazy_gettext("Name"),
    "location": lazy_gettext("Location"),
    "about_me": lazy_gettext("About me"),
    "email": lazy_gettext("Email"),
    "username": lazy_gettext("Username"),
    "alt": lazy_gettext("Alt text"),
    "caption": lazy_gettext("Caption"),
    "url": lazy_gettext("Image URL"),
    "word": lazy_gettext("Word or tag"),
    "application": lazy_gettext("Why would you like to join?"),
    "note": lazy_gettext("Who is it for?"),
    "site_name": lazy_gettext("Name of the site"),
    "tagline": lazy_gettext("Tagline"),
    "accent": lazy_gettext("Accent colour"),
    "accent_dark": lazy_gettext("Accent colour in the dark theme"),
    "notice": lazy_gettext("Notice"),
    "about": lazy_gettext("About"),
    "rules": lazy_gettext("Rules"),
    "privacy": lazy_gettext("Privacy"),
    "contact": lazy_gettext("Contact"),
    "text": lazy_gettext("Your text"),
    "answer": lazy_gettext("Answer"),
    "held_words": lazy_gettext("Words that are held for review"),
    "held_domains": lazy_gettext("Domains that are held for review"),
    "names": lazy_gettext("Usernames"),
    "allowed_email_domains": lazy_gettext("Email domains to accept"),
    "refused_email_domains": lazy_gettext("Email domains to refuse"),
}
LONG = {
    "body", "excerpt", "reason", "about_me", "application", "about", "rules", "privacy", "contact",
    "text", "answer", "held_words", "held_domains", "names",
    "allowed_email_domains", "refused_email_domains",
}  # fmt: skip
SECRETS = {
    "old_password": lazy_gettext("Current password"),
    "password": lazy_gettext("Password"),
    "password2": lazy_gettext("Repeat password"),
    "code": lazy_gettext("Code"),
}
# In the log-in form: the field with the URL of the carried form, and the prefix of its fields.
TARGET, PREFIX = "draft_to", "draft."
# Reserved for the log-in form's own fields, in bytes.
ROOM = 4 * 1024
MOST_FIELDS = 50


@dataclass(frozen=True)
class UnsentForm:
    """A form that was not processed. Templates render it like a `blog.core.web.forms.Form`.

    Attributes:
        action: the URL to send it to; `None` if that is not within this site.
        values: its fields, without passwords and the CSRF token.
        secrets: the labels of its password fields, which have to be filled in again, by name.
        errors: the error messages by field.
    """

    action: str | None
    values: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, action: str, fields: Mapping[str, str], errors: Mapping[str, str] | None = None
    ) -> "UnsentForm":
        """Create it from the fields that were sent to `action`."""
        # As in `Form`: browsers send line breaks as CR LF.
        values = {
            name: text.replace("\r\n", "\n")
            for name, text in fields.items()
            if name not in SECRETS and name != csrf.FIELD
        }
        secrets = {name: str(label) for name, label in SECRETS.items() if name in fields}
        return cls(local_address(action), values, secrets, errors or {})

    @property
    def texts(self) -> dict[str, str]:
        """The labels of the text fields, by name."""
        return {name: str(LABELS[name]) for name in self.values if name in LABELS}

    @property
    def hidden(self) -> dict[str, str]:
        """All other fields, such as choices and the idempotency key."""
        return {name: text for name, text in self.values.items() if name not in LABELS}

    @property
    def long(self) -> set[str]:
        """The names of the multi-line text fields."""
        return LONG

    @property
    def has_text(self) -> bool:
        """Whether any text was typed."""
        return any(self.values[name].strip() for name in self.texts)

    @property
    def carried(self) -> dict[str, str]:
        """The hidden fields for the log-in form."""
        fields = {PREFIX + name: text for name, text in self.values.items()}
        return {TARGET: self.action or "", **fields}

    @property
    def can_be_carried(self) -> bool:
        """Whether the log-in form can carry it within the limits of a request."""
        if self.action is None or len(self.values) > MOST_FIELDS:
            return False
        return len(urlencode(self.carried)) <= LARGEST_BODY - ROOM


async def unsent_form(errors: Mapping[str, str] | None = None) -> UnsentForm | None:
    """The form in the current request, to be shown again.

    Args:
        errors: the error messages by field.

    Returns:
        `None` if the request is not a form, is cross-site, or cannot be parsed.
    """
    if request.method in SAFE_METHODS or is_for_api() or not csrf.comes_from_here():
        return None
    try:
        form = await request.form
    except HTTPException:
        return None  # Malformed, too large, or too slow.
    # The first of a name counts; before the boxes of a list there is an empty one.
    fields = {name: sent[0] or "\n".join(sent) for name, sent in form.to_dict(flat=False).items()}
    # The file of an upload cannot be sent again from a page.
    action = "" if cast(StrictRequest, request).upload else request.full_path.rstrip("?")
    return UnsentForm.of(action, fields, errors)


async def carried_form() -> UnsentForm | None:
    """The form that the log-in form in the current request carries, if any."""
    fields = (await request.form).to_dict()
    if not local_address(fields.get(TARGET)):
        return None
    carried = {
        name.removeprefix(PREFIX): text for name, text in fields.items() if name.startswith(PREFIX)
    }
    return UnsentForm.of(fields[TARGET], carried)
