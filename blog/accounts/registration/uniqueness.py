"""User-facing messages for violations of unique indexes."""

from sqlalchemy.exc import IntegrityError

from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext

EMAIL_TAKEN = lazy_gettext("There's already an account with this email address.")
NAME_TAKEN = lazy_gettext("This username is taken. Please choose another one.")
NAME_ALIKE = lazy_gettext(
    "This username looks too much like someone else's. Please choose another one."
)
FORM_IS_USED = lazy_gettext("You've already created an account with this form.")
_MESSAGES = {
    "uq_users_email": {"email": EMAIL_TAKEN},
    "uq_users_username_lower": {"username": NAME_TAKEN},
    "uq_users_username_fold": {"username": NAME_ALIKE},
    "uq_users_submission": {"": FORM_IS_USED},
}


def uniqueness_error(error: IntegrityError) -> InvalidFieldsError:
    """The error for an e-mail address or username that is taken.

    The indexes decide, rather than a query beforehand, which would miss concurrent requests.

    Raises:
        IntegrityError: `error` itself, if it is about something else.
    """
    for index, errors in _MESSAGES.items():
        if f'"{index}"' in str(error.orig):
            return InvalidFieldsError(errors)
    raise error
