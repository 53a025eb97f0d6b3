"""Counts that each process keeps in memory, and adds to the site's figures once a minute."""
