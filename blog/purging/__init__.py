"""Having caches in front of the site forget the pages that have changed."""
