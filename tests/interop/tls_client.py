"""Runs the workflow `echo` over TLS: ADDRESS QUEUE ROOT CERTIFICATE KEY API_KEY."""

import asyncio
import os
import sys
from pathlib import Path

from temporalio.client import Client
from temporalio.service import TLSConfig


async def main():
    address, queue, root, certificate, key, api_key = sys.argv[1:]
    tls = TLSConfig(
        server_root_ca_cert=Path(root).read_bytes(),
        client_cert=Path(certificate).read_bytes(),
        client_private_key=Path(key).read_bytes(),
    )
    client = await Client.connect(address, tls=tls, api_key=api_key or None)
    said = await client.execute_workflow(
        "echo", "python", id=f"python-{queue}", task_queue=queue
    )
    print(said, flush=True)


asyncio.run(main())
# Threads of the SDK can abort the process while the interpreter ends.
os._exit(0)
