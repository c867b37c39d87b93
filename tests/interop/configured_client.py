"""Runs the workflow `echo` on the server that temporal.toml and the variables name."""

import asyncio
import os

from temporalio.client import Client
from temporalio.envconfig import ClientConfig


async def main():
    options = ClientConfig.load_client_connect_config()
    client = await Client.connect(**options)
    queue = os.environ["ECHO_QUEUE"]
    said = await client.execute_workflow(
        "echo", "configured", id=f"python-{queue}", task_queue=queue
    )
    print(said, flush=True)


asyncio.run(main())
# Threads of the SDK can abort the process while the interpreter ends.
os._exit(0)
