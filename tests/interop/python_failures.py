"""A worker whose activities fail as code in Python does.

Usage: python_failures.py HOST:PORT TASK_QUEUE
It works until its input ends.
"""

import asyncio
import os
import sys

from temporalio import activity
from temporalio.client import AsyncActivityCancelledError, AsyncActivityHandle, Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

# The tasks that give an activity up, which asyncio itself does not keep.
giving_up: list[asyncio.Task] = []


def find_chart() -> None:
    try:
        raise KeyError("north")
    except KeyError as error:
        raise ValueError("no chart") from error


async def give_up(handle: AsyncActivityHandle) -> None:
    """Reports the cancellation, once it was requested, with two values."""
    while True:
        try:
            await handle.heartbeat()
        except AsyncActivityCancelledError:
            await handle.report_cancellation("at the reef", 7)
            return
        await asyncio.sleep(0.05)


class Surveys:
    def __init__(self, client: Client) -> None:
        self.client = client

    @activity.defn
    async def survey(self, case: str) -> str:
        info = activity.info()
        if case == "silent":
            activity.heartbeat("mile", info.attempt)
            await asyncio.Event().wait()
        if case == "cancelled":
            handle = self.client.get_async_activity_handle(task_token=info.task_token)
            giving_up.append(asyncio.create_task(give_up(handle)))
            activity.raise_complete_async()
        if case == "caused":
            try:
                find_chart()
            except ValueError as error:
                raise ApplicationError(
                    "no survey", 3, "miles", type="SurveyError", non_retryable=True
                ) from error
        raise RuntimeError(f"in attempt {info.attempt}")


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    async with Worker(
        client, task_queue=queue, activities=[Surveys(client).survey]
    ):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
# As in foreign_client.py.
sys.stdout.flush()
os._exit(0)
