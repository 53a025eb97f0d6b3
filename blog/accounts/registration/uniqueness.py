"""User-facing messages for violations of unique indexes."""

from sqlalchemy.exc import IntegrityError

from blog.core.errors import InvalidFieldsError

EMAIL_TAKEN = "There is an account with this address already."
NAME_TAKEN = "This name is taken. Please choose another one."
NAME_ALIKE = "This name looks like somebody else's. Please choose another one."
FORM_IS_USED = "This form has made an account already."
_MESSAGES = {
    "uq_users_email": {"email": EMAIL_TAKEN},
    "uq_users_username_lower": {"username": NAME_TAKEN},
    "uq_users_username_fold": {"username": NAME_ALIKE},
    "uq_users_submission": {"": FORM_IS_USED},
}


def taken(error: IntegrityError) -> InvalidFieldsError:
    """The error for an e-mail address or username that is taken.

    The indexes decide, rather than a query in advance, so that this also covers concurrent
    requests.

    Raises:
        IntegrityError: `error` itself, if it is about something else.
    """
    for index, errors in _MESSAGES.items():
        if f'"{index}"' in str(error.orig):
            return InvalidFieldsError(errors)
    raise error
