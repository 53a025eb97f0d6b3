"""A certificate for 127.0.0.1, in files, and clients that trust it."""

import ssl
from pathlib import Path
from typing import NamedTuple

import trustme


class Certificates(NamedTuple):
    """Files for a server, and what its clients trust."""

    certificate: Path
    key: Path
    trust: ssl.SSLContext


def issue(folder: Path) -> Certificates:
    """Make a certificate by an authority of its own."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return Certificates(folder / "certificate.pem", folder / "key.pem", trust)
