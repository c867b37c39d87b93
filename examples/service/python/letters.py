"""A worker and a client in Python beside the service in Rust.

Usage: letters.py HOST:PORT NAMESPACE ORDER_ID

The worker sends letters to customers, for the workflow `checkout` of the service. The client waits until the order is
charged, closes it with a letter, and prints what the workflow returns.
"""

import asyncio
import sys

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Worker


@activity.defn
async def send_letter(item: str) -> str:
    return f"a letter says that the {item} is on its way"


async def charged(order: WorkflowHandle) -> int:
    """What the order was charged, once it was."""
    while True:
        try:
            if cents := await order.query("charged"):
                return cents
        except RPCError:
            pass  # The workflow is not started yet.
        await asyncio.sleep(0.1)


async def main(address: str, namespace: str, order_id: str) -> None:
    client = await Client.connect(address, namespace=namespace)
    async with Worker(client, task_queue="letters", activities=[send_letter]):
        order = client.get_workflow_handle(f"order-{order_id}")
        cents = await charged(order)
        await order.signal("close", True)
        print(f"{cents} cents, {await order.result()}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
