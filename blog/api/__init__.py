"""What every resource of the JSON API shares: versions, callers, links, collections, conditions."""
