"""The keys of stored objects, such as `images/3f/3f9c….webp`.

The application chooses them, from a digest of the content or at random, never from user input. The
content type follows from the extension, so an uploader can't choose it, and any program can copy a
folder to a bucket and back. Folder names have no dot and file names exactly one, so
no key is a folder of another; there are no capitals, because some file systems ignore case.
"""

import re

CONTENT_TYPES = {
    "age": "application/octet-stream",
    "bin": "application/octet-stream",
    "dump": "application/octet-stream",
    "gif": "image/gif",
    "gz": "application/gzip",
    "jpg": "image/jpeg",
    "json": "application/json",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
}
_NAME = "[a-z0-9_-]{1,100}"
_FOLDER = re.compile(f"(?:{_NAME}(?:/{_NAME}){{0,5}})?")
_KEY = re.compile(rf"(?:{_NAME}/){{1,6}}{_NAME}\.(?:{'|'.join(CONTENT_TYPES)})")


class InvalidKeyError(ValueError):
    """An invalid key or folder: a bug in the caller."""


def is_key(text: str) -> bool:
    """Whether this is a valid key."""
    return _KEY.fullmatch(text) is not None


def validate_key(key: str) -> str:
    """Return the key if it is valid.

    Raises:
        InvalidKeyError: it is not.
    """
    if not is_key(key):
        raise InvalidKeyError(f"not the key of an object: {key!r}")
    return key


def validate_folder(folder: str) -> str:
    """Return the folder if it is valid; the empty string stands for all objects.

    Raises:
        InvalidKeyError: it is not.
    """
    if not _FOLDER.fullmatch(folder):
        raise InvalidKeyError(f"not a folder of objects: {folder!r}")
    return folder


def content_type(key: str) -> str:
    """The content type of an object (RFC 9110, 8.3).

    Raises:
        InvalidKeyError: the key is invalid.
    """
    return CONTENT_TYPES[validate_key(key).rpartition(".")[2]]
