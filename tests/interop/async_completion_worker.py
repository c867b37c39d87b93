"""A Python worker whose activity is completed by another program. Ends when its input is closed.

Usage: async_completion_worker.py HOST:PORT TASK_QUEUE
"""

import asyncio
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ActivityError, is_cancelled_exception
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

client: Client


@activity.defn
async def print_book(title: str) -> int:
    info = activity.info()
    handle = client.get_workflow_handle(info.workflow_id)
    await handle.signal("handed_out", info.task_token)
    activity.raise_complete_async()


@workflow.defn(name="Printing")
class Printing:
    def __init__(self) -> None:
        self.token = b""
        self.stopped = False

    @workflow.run
    async def run(self) -> str:
        task = workflow.start_activity(
            print_book,
            "Moby Dick",
            activity_id="print",
            start_to_close_timeout=timedelta(seconds=60),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        asyncio.create_task(self.stop(task))
        try:
            return f"{await task} pages"
        except ActivityError as error:
            if is_cancelled_exception(error):
                return f"cancelled: {error.cause.details[0]}"
            return f"failed: {error.cause.type} {error.cause.message}"

    async def stop(self, task: workflow.ActivityHandle) -> None:
        await workflow.wait_condition(lambda: self.stopped)
        task.cancel()

    @workflow.signal
    def handed_out(self, token: bytes) -> None:
        self.token = token

    @workflow.signal
    def stop_it(self) -> None:
        self.stopped = True

    @workflow.query
    def task_token(self) -> bytes:
        return self.token


async def main() -> None:
    global client
    address, task_queue = sys.argv[1:]
    client = await Client.connect(address)
    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[Printing],
        activities=[print_book],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
    # The SDK's threads sometimes crash an interpreter that ends right after a call.
    os._exit(0)
