"""A workflow with local activities, which durably has too: `run` executes it, `replay` replays a history of it.

local_activities.py ADDRESS QUEUE run|replay WORKFLOW_ID
"""

import asyncio
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, is_cancelled_exception
from temporalio.worker import Replayer, Worker

SECOND = timedelta(seconds=1)


@activity.defn
async def greet(name: str) -> str:
    return f"Hello, {name}"


@activity.defn
async def slow() -> int:
    await asyncio.sleep(0.1)
    return 7


@activity.defn
async def flaky() -> int:
    attempt = activity.info().attempt
    if attempt < 3:
        raise ApplicationError(f"attempt {attempt} fails")
    return attempt


@activity.defn
async def refuse() -> None:
    raise ApplicationError("never", type="Refused", non_retryable=True)


@activity.defn
async def hang() -> None:
    await asyncio.sleep(600)


@workflow.defn(name="Ledger")
class Ledger:
    @workflow.run
    async def run(self, name: str, timers: bool) -> str:
        start = workflow.start_local_activity
        said = [await start(greet, name, start_to_close_timeout=10 * SECOND)]
        later = start(slow, start_to_close_timeout=10 * SECOND)
        said.append(await start(greet, "first", start_to_close_timeout=10 * SECOND))
        await self.pause(timers)
        said.append(str(await later))
        policy = RetryPolicy(
            initial_interval=timedelta(milliseconds=20), maximum_attempts=5
        )
        attempts = await start(
            flaky,
            start_to_close_timeout=10 * SECOND,
            retry_policy=policy,
            local_retry_threshold=timedelta(milliseconds=5) if timers else SECOND,
        )
        said.append(str(attempts))
        try:
            await start(refuse, start_to_close_timeout=10 * SECOND)
        except ApplicationError:
            said.append("refused")
        held = start(hang, start_to_close_timeout=600 * SECOND)
        said.append(await start(greet, "last", start_to_close_timeout=10 * SECOND))
        held.cancel()
        try:
            await held
        except BaseException as error:
            if not is_cancelled_exception(error):
                raise
            said.append("cancelled")
        await self.pause(timers)
        return "; ".join(said)

    async def pause(self, timers: bool) -> None:
        """Ends the workflow task."""
        if timers:
            await asyncio.sleep(0.01)
        else:
            await workflow.execute_activity(
                greet, "pause", start_to_close_timeout=10 * SECOND
            )


async def main() -> None:
    address, queue, mode, workflow_id = sys.argv[1:]
    client = await Client.connect(address)
    if mode == "replay":
        history = await client.get_workflow_handle(workflow_id).fetch_history()
        await Replayer(workflows=[Ledger]).replay_workflow(history)
        return
    activities = [greet, slow, flaky, refuse, hang]
    async with Worker(
        client, task_queue=queue, workflows=[Ledger], activities=activities
    ):
        print(
            await client.execute_workflow(
                Ledger.run, args=["Bob", True], id=workflow_id, task_queue=queue
            )
        )


if __name__ == "__main__":
    asyncio.run(main())
    # As in foreign_client.py.
    sys.stdout.flush()
    os._exit(0)
