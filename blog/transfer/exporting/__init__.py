"""Export of all data about a user, as an archive that a job makes."""
