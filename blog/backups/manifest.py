"""The manifest of a backup: what it has to contain, and how to notice that it does not."""

import hashlib
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError, DamagedBackupError
from blog.core.storage.interface import NoSuchObjectError, Storage

FOLDER = "backups"
# The names of backups sort by their time.
NAME = "%Y%m%dt%H%M%Sz"
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1024 * 1024


class Part(BaseModel):
    """An object of a backup, as it is stored.

    Attributes:
        key: its key.
        size: its size in bytes.
        sha256: the SHA-256 of its bytes, in hexadecimal.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """The description of a complete backup.

    Attributes:
        format: the version of the format.
        name: the name of the backup, so that the manifest of another one is noticed.
        version: the version of Broadside.
        server_version: PostgreSQL's major version.
        database_schema: the schema of the site's tables.
        revision: the revision of these tables.
        key: the public key for which it is encrypted; `None` if it is not.
        database: the dump.
        rows: the number of rows in each table, counted in the snapshot of the dump.
        file_list: the list of files: a line each, in the order of their keys.
        file_count: the number of files.
        file_bytes: their size as they are stored.
    """

    model_config = ConfigDict(frozen=True)

    format: int = Field(1, ge=1, le=1)
    name: str
    version: str
    server_version: int
    database_schema: str
    revision: str
    key: str | None
    database: Part
    rows: dict[str, int]
    file_list: Part
    file_count: int
    file_bytes: int

    @property
    def made_at(self) -> datetime:
        """When the backup was begun (UTC)."""
        return made_at(self.name)

    @property
    def size(self) -> int:
        """The size of the database and of all files, in bytes."""
        return self.database.size + self.file_bytes

    def sealed(self) -> bytes:
        """The manifest with its own digest."""
        content = self.model_dump_json(indent=1).encode()
        return content + f"\nsha256 {hashlib.sha256(content).hexdigest()}\n".encode()


def name_of(moment: datetime) -> str:
    """The name of a backup that begins at a time (UTC)."""
    return moment.strftime(NAME)


def made_at(name: str) -> datetime:
    """The time of a backup's name (UTC).

    Raises:
        ValueError: it is not the name of a backup.
    """
    return datetime.strptime(name, NAME).replace(tzinfo=UTC)


def key_of(name: str, object_name: str) -> str:
    """The key of one of the three objects of a backup."""
    return f"{FOLDER}/{name}/{object_name}"


async def read_manifest(target: Storage, name: str) -> Manifest:
    """Read and check the manifest of a backup.

    Raises:
        BackupError: there is no such backup, or a newer version made it.
        DamagedBackupError: the manifest is damaged, or that of another backup.
    """
    sealed = b""
    try:
        async with aclosing(target.read(key_of(name, MANIFEST))) as pieces:
            async for piece in pieces:
                sealed += piece
                if len(sealed) > LARGEST_MANIFEST:
                    break
    except NoSuchObjectError:
        raise BackupError(f"there is no complete backup {name} in {target.place}") from None
    content, _, seal = sealed.rpartition(b"\nsha256 ")
    if seal.strip().decode(errors="replace") != hashlib.sha256(content).hexdigest():
        raise DamagedBackupError(f"the manifest of the backup {name} is damaged")
    if re.search(rb'"format": *(?!1\b)\d+', content):
        raise BackupError(f"the backup {name} was made by a newer version of Broadside")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        raise DamagedBackupError(f"the manifest of the backup {name} is damaged") from None
    if manifest.name != name:
        raise DamagedBackupError(f"the manifest of the backup {name} is that of {manifest.name}")
    return manifest


async def names(target: Storage) -> list[str]:
    """The names of the backups of a target, complete or not, the oldest first."""
    found: set[str] = set()
    after = ""
    while page := await target.page(FOLDER, after):
        found |= {stored.key.split("/")[1] for stored in page}
        after = page[-1].key
    return sorted(name for name in found if is_name(name))


async def complete_names(target: Storage) -> list[str]:
    """The names of the backups that have a manifest, the oldest first."""
    found: list[str] = []
    after = ""
    while page := await target.page(FOLDER, after):
        found += [each.key.split("/")[1] for each in page if each.key.endswith(f"/{MANIFEST}")]
        after = page[-1].key
    return sorted(name for name in found if is_name(name))


def is_name(text: str) -> bool:
    """Whether this can be the name of a backup."""
    try:
        made_at(text)
    except ValueError:
        return False
    return True


def read_part(target: Storage, part: Part, key: BackupKey | None) -> AsyncGenerator[bytes, None]:
    """Read an object of a backup, decrypted.

    The iterator raises `DamagedBackupError`, perhaps only at its end, if it isn't what was stored.
    """
    stored = _checked(target, part)
    return key.decrypted(stored) if key else stored


async def _checked(target: Storage, part: Part) -> AsyncGenerator[bytes, None]:
    digest, size = hashlib.sha256(), 0
    try:
        async with aclosing(target.read(part.key)) as pieces:
            async for piece in pieces:
                digest.update(piece)
                size += len(piece)
                yield piece
    except NoSuchObjectError:
        raise DamagedBackupError(f"{part.key} is missing in {target.place}") from None
    if size != part.size:
        raise DamagedBackupError(f"{part.key} has {size:,} bytes instead of {part.size:,}")
    if digest.hexdigest() != part.sha256:
        raise DamagedBackupError(f"{part.key} is damaged: its SHA-256 is not that of the manifest")
