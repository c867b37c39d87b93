"""A workflow with timers between commands of all kinds, which durably has too, and which either of both finishes.

voyages.py ADDRESS QUEUE run|begin|finish|replay WORKFLOW_ID
"""

import asyncio
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, Worker

SECOND = timedelta(seconds=1)


@activity.defn
async def weigh(grams: int) -> int:
    return grams + 1


@activity.defn
async def sound() -> int:
    attempt = activity.info().attempt
    if attempt < 3:
        raise ApplicationError(f"attempt {attempt} fails")
    return attempt


@workflow.defn(name="Pilot")
class Pilot:
    @workflow.run
    async def run(self, ship: str) -> str:
        await asyncio.sleep(0.01)
        return f"{ship} has a pilot"


@workflow.defn(name="Voyage")
class Voyage:
    """The workflow of tests/interop/voyages.rs."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.lock_is_open = False

    @workflow.run
    async def run(self, ship: str) -> str:
        self.log.append(str(await self.weigh(41)))
        await asyncio.sleep(0.01)
        if workflow.patched("tolls"):
            self.log.append("tolls")
            await asyncio.sleep(0.01)
        pilot = await workflow.execute_child_workflow(
            Pilot.run, ship, id=f"{workflow.info().workflow_id}-pilot"
        )
        self.log.append(pilot)
        await asyncio.sleep(0.01)
        depth = await workflow.execute_local_activity(
            sound,
            start_to_close_timeout=10 * SECOND,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=20)),
            local_retry_threshold=timedelta(milliseconds=5),
        )
        self.log.append(str(depth))
        # Holds at once: its timer is counted, and not started.
        await workflow.wait_condition(lambda: len(self.log) > 0, timeout=60)
        load = workflow.start_activity(weigh, 7, start_to_close_timeout=10 * SECOND)
        self.log.append("waits")
        await workflow.wait_condition(lambda: self.lock_is_open, timeout=60)
        self.log.append(str(await load))
        await asyncio.sleep(0.01)
        if workflow.patched("lights"):
            self.log.append(str(await self.weigh(1)))
        await asyncio.sleep(0.01)
        return "; ".join(self.log)

    async def weigh(self, grams: int) -> int:
        return await workflow.execute_activity(
            weigh, grams, start_to_close_timeout=10 * SECOND
        )

    @workflow.signal
    def open_lock(self) -> None:
        self.lock_is_open = True


async def waits(handle: WorkflowHandle) -> bool:
    """Whether the ship waits: both activities before the lock have completed.

    Not a query, which could end a workflow task between the marker of the local activity and what follows it.
    """
    events = (await handle.fetch_history()).events
    completed = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    return sum(event.event_type == completed for event in events) == 2


async def main() -> None:
    address, queue, mode, workflow_id = sys.argv[1:]
    client = await Client.connect(address)
    handle = client.get_workflow_handle(workflow_id)
    workflows = [Voyage, Pilot]
    if mode == "replay":
        history = await handle.fetch_history()
        await Replayer(workflows=workflows).replay_workflow(history)
        print(len(history.events))
        return
    async with Worker(
        client, task_queue=queue, workflows=workflows, activities=[weigh, sound]
    ):
        if mode != "finish":
            await client.start_workflow(
                Voyage.run, "Anna", id=workflow_id, task_queue=queue
            )
            while not await waits(handle):
                await asyncio.sleep(0.05)
        if mode != "begin":
            await handle.signal(Voyage.open_lock)
            print(await handle.result())


if __name__ == "__main__":
    asyncio.run(main())
    # As in foreign_client.py.
    sys.stdout.flush()
    os._exit(0)
