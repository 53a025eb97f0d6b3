"""Rules for new passwords that depend on the account, in addition to those of the schema."""

from pydantic import SecretStr

from blog.core.crypto.passwords import Passwords
from blog.core.crypto.weak_passwords import is_made_of
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _

PRODUCT = "Broadside"


def refuse_context_words(
    password: SecretStr, passwords: Passwords, *, username: str, email: str
) -> None:
    """Refuse a new password that is derived from public words.

    Raises:
        InvalidFieldsError: it is the username, the e-mail address or the name of the site, ignoring
            case and surrounding digits.
    """
    words = (username, email, passwords.site_name, PRODUCT)
    if is_made_of(password.get_secret_value(), words):
        raise InvalidFieldsError(
            {
                "password": _(
                    "Your password can't be your username, your email address or the name "
                    "of this site."
                )
            }
        )
