"""A Python worker whose workflow rejects updates and fails them. Ends when its input is closed.

Usage: foreign_worker.py HOST:PORT TASK_QUEUE
"""

import asyncio
import sys

from temporalio import workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker


@workflow.defn(name="Till")
class Till:
    def __init__(self) -> None:
        self.closed = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self.closed)

    @workflow.signal
    def close(self) -> None:
        self.closed = True

    @workflow.update
    async def charge(self, how: str) -> str:
        if how == "fails later":
            await asyncio.sleep(0.05)
        if how.startswith("fails"):
            raise ApplicationError(how, type="CardError")
        return how

    @charge.validator
    def check(self, how: str) -> None:
        if how == "is refused":
            raise ApplicationError(how, type="CardError")
        if how == "is no card":
            raise ValueError(how)


async def main() -> None:
    address, task_queue = sys.argv[1:]
    client = await Client.connect(address)
    async with Worker(client, task_queue=task_queue, workflows=[Till]):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
