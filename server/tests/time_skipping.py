"""A test suite as a Python team writes it, on the server program that is named first."""

import asyncio
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

released = asyncio.Event()


@activity.defn
async def blocked() -> str:
    await released.wait()
    return "released"


@workflow.defn
class Sleeper:
    def __init__(self) -> None:
        self.slept = 0

    @workflow.run
    async def run(self, days: int) -> int:
        for _ in range(days):
            await asyncio.sleep(86_400)
            self.slept += 1
        return self.slept

    @workflow.query
    def days(self) -> int:
        return self.slept


@workflow.defn
class Blocked:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            blocked, start_to_close_timeout=timedelta(days=365)
        )


async def main(server: str) -> None:
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server
    ) as env:
        assert env.supports_time_skipping
        async with Worker(
            env.client,
            task_queue="time",
            workflows=[Sleeper, Blocked],
            activities=[blocked],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            start = lambda id, days: env.client.start_workflow(
                Sleeper.run, days, id=id, task_queue="time"
            )
            begun = await env.get_current_time()

            # A result is awaited: a year passes.
            year = await start("year", 365)
            assert await year.result() == 365
            assert await env.get_current_time() - begun >= timedelta(days=365)

            # Nothing is awaited: no day passes; then the test moves the clock.
            week = await start("week", 7)
            for _ in range(20):
                assert await week.query(Sleeper.days) == 0
            await env.sleep(timedelta(days=3, hours=1))
            assert await week.query(Sleeper.days) == 3

            # Results side by side, some of them closed.
            handles = [week, year] + [await start(f"many-{n}", n) for n in range(1, 6)]
            results = await asyncio.gather(*[handle.result() for handle in handles])
            assert results == [7, 365, 1, 2, 3, 4, 5], results

            # A sleep while an activity runs and its workflow is awaited.
            held = await env.client.start_workflow(
                Blocked.run, id="blocked", task_queue="time"
            )
            result = asyncio.create_task(held.result())
            while not (await held.describe()).raw_description.pending_activities:
                await asyncio.sleep(0.05)
            before = await env.get_current_time()
            await env.sleep(timedelta(hours=1))
            assert await env.get_current_time() - before >= timedelta(hours=1)
            released.set()
            assert await result == "released"

            # A test that hung up between unlock and lock leaves one unlock over.
            from temporalio.api.testservice.v1 import UnlockTimeSkippingRequest

            await env.client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())
            for n in range(3):
                later = await start(f"later-{n}", 30)
                assert await later.result() == 30
                await env.sleep(timedelta(days=1))


asyncio.run(main(sys.argv[1]))
print("all as expected", flush=True)
# The SDK's native threads can outlive the interpreter and crash it while it shuts down.
os._exit(0)
