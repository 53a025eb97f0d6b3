"""The shared parts of the JSON API: versions, links, collections, conditional requests."""
