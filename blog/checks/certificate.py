"""Check of the TLS certificate."""

from datetime import timedelta
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificate

from blog.checks.findings import Finding, ok, serious, warning
from blog.core.clock import now

# Programs renew certificates a month before they expire.
SOON = timedelta(days=14)
HINT = "renew it, and restart the site"


def check_certificate(file: Path) -> Finding:
    """Check how long the certificate in a PEM file is valid: the first one, which is the site's."""
    try:
        certificate = load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a PEM certificate"
        return serious("HTTPS", f"cannot read {file}: {reason}", "set TLS_CERTIFICATE to it")
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now() > end:
        return serious("HTTPS", f"{file} expired on {end:%Y-%m-%d}", HINT)
    if now() < begin:
        text = f"{file} is not valid before {begin:%Y-%m-%d %H:%M} UTC"
        return serious("HTTPS", text, "check the clock, or use another certificate")
    if end - now() < SOON:
        return warning("HTTPS", f"{file} expires on {end:%Y-%m-%d}", HINT)
    return ok("HTTPS", f"served with {file}, until {end:%Y-%m-%d}")
