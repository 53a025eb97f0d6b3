"""What every resource of the JSON API shares: versions, links, collections, conditions."""
