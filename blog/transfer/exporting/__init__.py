"""Exports of everything the site stores about a user, as archives built by a job."""
