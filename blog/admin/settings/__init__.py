"""The page on which administrators change the settings of the site."""
