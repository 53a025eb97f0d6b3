"""Backups that an attacker has made, who can write to the target and knows the public key."""

import hashlib
from contextlib import aclosing
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError, DamagedBackupError
from blog.backups.making import make_backup
from blog.backups.manifest import CODE_LABEL, DIGEST_LABEL, read_manifest, read_part
from blog.backups.restoring import find_backup, restore_all_files
from blog.core.storage.folder import FolderStorage
from blog.models import BackupRun
from tests.backups.support import Clock, all_files, images
from tests.cli.conftest import Command


async def test_what_the_secret_key_did_not_make_is_refused(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, key: BackupKey, clock: Clock,
    tmp_path: Path,
) -> None:  # fmt: skip
    manifest = await make_backup(engine, files, folder, key)
    assert (await find_backup(folder, key)).is_authentic
    own = await read_manifest(folder, manifest.name)
    place = tmp_path / "backups" / "backups" / manifest.name
    sealed, dump = (place / "manifest.json").read_bytes(), (place / "database.age").read_bytes()

    # Another dump, encrypted for the same key, with a manifest that fits.
    other = pyrage.encrypt(b"\\! id", [pyrage.x25519.Recipient.from_str(key.public)])
    (place / "database.age").write_bytes(other)
    digest = hashlib.sha256(other).hexdigest()
    part = manifest.database.model_copy(update={"size": len(other), "sha256": digest})
    forged = manifest.model_copy(update={"database": part})
    for version in (1, 2):
        content = forged.model_copy(update={"format": version})
        (place / "manifest.json").write_bytes(content.serialize(None))
        with pytest.raises(BackupError, match="nothing proves that BACKUP_KEY made the backup"):
            await find_backup(folder, key)
        # With the code of the real one, or one that isn't even text.
        for code in (own.code or b"", b"\xff"):
            unsealed = content.model_dump_json(indent=1).encode() + CODE_LABEL + code
            seal = hashlib.sha256(unsealed).hexdigest().encode()
            (place / "manifest.json").write_bytes(unsealed + DIGEST_LABEL + seal)
            with pytest.raises(DamagedBackupError, match="was not made with BACKUP_KEY"):
                await find_backup(folder, key, is_trusted=True)

    # Beside the real manifest, and with its size: nothing of it is decrypted.
    (place / "manifest.json").write_bytes(sealed)
    backup = await find_backup(folder, key)
    pieces = []
    with pytest.raises(DamagedBackupError, match="has another header"):
        async with aclosing(read_part(folder, backup.manifest.database, key)) as content_read:
            async for piece in content_read:
                pieces.append(piece)
    assert pieces == []
    (place / "database.age").write_bytes(dump)

    # A backup without encryption, in the place of the newest.
    clock.forward(days=1)
    plain = await make_backup(engine, files, folder, None)
    with pytest.raises(BackupError, match="nothing proves"):
        await find_backup(folder, key)
    assert (await find_backup(folder, key, is_trusted=True)).manifest == plain
    assert (await find_backup(folder, None)).manifest == plain

    # A list of an attacker says nothing about the files of the next backup.
    clock.forward(days=1)
    await make_backup(engine, files, folder, BackupKey(key.public))
    (forged_list,) = [
        tmp_path / "backups" / each
        for each in await all_files(folder)
        if each.endswith("z/files.txt")
    ][-1:]
    assert b"images/" in forged_list.read_bytes()
    clock.forward(days=1)
    await make_backup(engine, files, folder, key)
    restored = FolderStorage(tmp_path / "restored")
    assert await restore_all_files(await find_backup(folder, key), restored) == 3
    assert await all_files(restored) == images(3)
    await restored.close()


async def test_the_commands_ask_for_trust_and_a_named_backup_is_no_fresh_proof(
    blog: Command, engine: AsyncEngine, files: FolderStorage, tmp_path: Path
) -> None:
    secret = str(pyrage.x25519.Identity.generate())
    site = {
        "database_url": engine.url.render_as_string(), "backup_target": tmp_path / "target",
    }  # fmt: skip
    assert (await blog("backup", **site, backup_key=BackupKey(secret).public))[0] == 0
    _, output = await blog("backup", "list", **site, backup_key=secret)
    assert output.endswith(", encrypted, not authenticated\n")
    (name,) = [each.name for each in (tmp_path / "target" / "backups").iterdir()]
    code, output = await blog("backup", "prove", **site, backup_key=secret)
    assert (code, output.count("\n")) == (1, 1), output
    assert "use --unauthenticated" in output
    code, output = await blog(
        "backup", "prove", "--name", name, "--unauthenticated", **site, backup_key=secret
    )
    assert code == 0, output
    assert output.startswith("Warning: nothing proves that BACKUP_KEY made the backup")
    assert " all counts right, " in output
    async with engine.connect() as connection:
        runs = (await connection.execute(select(BackupRun.action, BackupRun.error))).all()
    assert [(action, error is None) for action, error in runs] == [
        ("backup", True), ("proof", False)
    ]  # fmt: skip
