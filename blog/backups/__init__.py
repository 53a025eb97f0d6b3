"""Backups of a whole site: the database and the files, and the proof that they can be restored.

A backup is three objects in a folder, in a bucket or in one file, `backups/<name>/…`: the database
in pg_dump's format, the list of its files, and the manifest, which is written last. Files never
change, so the backups of a folder or bucket share them: `files/…`. With a key all of these are
encrypted in the format of age, except for the manifest and the list of files.
"""
