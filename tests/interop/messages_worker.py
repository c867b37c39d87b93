"""A Python worker whose workflow takes and returns protobuf messages. Ends when its input is closed.

Usage: messages_worker.py HOST:PORT TASK_QUEUE
"""

import asyncio
import sys

from google.protobuf.duration_pb2 import Duration
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn(name="Measure")
class Measure:
    @workflow.run
    async def run(self, run: WorkflowExecution, length: Duration) -> Duration:
        assert run == WorkflowExecution(workflow_id="order-7", run_id="r"), run
        assert length == Duration(seconds=1, nanos=500_000_000), length
        return Duration(seconds=3)


async def main() -> None:
    address, task_queue = sys.argv[1:]
    client = await Client.connect(address)
    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[Measure],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
