"""An S3-compatible store in this process, on a port of 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

# The access key, and the secret that goes with it: this store lets everybody in.
KEYS = ("susan", "her secret key")


@contextmanager
def serving_buckets() -> Iterator[str]:
    """While a store without buckets is there; gives its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client_of(store: str) -> Any:
    """A store as an operator sees it.

    Args:
        store: its address.
    """
    access_key, secret_key = KEYS
    return boto3.client(
        "s3",
        endpoint_url=store,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
