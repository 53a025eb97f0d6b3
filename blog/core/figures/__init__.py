"""What each process counts for the figures of the site, and writes once a minute."""
