"""Taking what one has written along: export from this site, and import into it."""
