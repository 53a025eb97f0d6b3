"""The status of the site's parts."""
