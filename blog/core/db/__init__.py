"""The database: engines, sessions, the embedded server, migrations, pagination, dumps."""
