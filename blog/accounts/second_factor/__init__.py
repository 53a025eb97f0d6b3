"""The second factor of a login: authenticator apps, recovery codes and trusted browsers."""
