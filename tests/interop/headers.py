"""A client whose interceptor sets headers, and a worker whose interceptors read and set them.

Usage: headers.py HOST:PORT TASK_QUEUE

The client drives the workflow `relay`, which a worker of TASK_QUEUE runs. The worker polls
TASK_QUEUE-python, and runs until the process is killed.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta

from temporalio import activity, client, worker, workflow
from temporalio.api.common.v1 import Payload


def header(value: str) -> dict[str, Payload]:
    metadata = {"encoding": b"json/plain"}
    return {"trace": Payload(metadata=metadata, data=json.dumps(value).encode())}


def read(headers) -> dict[str, str]:
    return {name: json.loads(payload.data) for name, payload in headers.items()}


class Outbound(client.OutboundInterceptor):
    async def start_workflow(self, input):
        input.headers = header("start")
        return await super().start_workflow(input)

    async def signal_workflow(self, input):
        input.headers = header("signal")
        return await super().signal_workflow(input)

    async def query_workflow(self, input):
        input.headers = header("query")
        return await super().query_workflow(input)

    async def start_workflow_update(self, input):
        input.headers = header("update")
        return await super().start_workflow_update(input)


class SetsHeaders(client.Interceptor):
    def intercept_client(self, next):
        return Outbound(next)


class Activities(worker.ActivityInboundInterceptor):
    async def execute_activity(self, input):
        return [read(input.headers), await super().execute_activity(input)]


class Calls(worker.WorkflowOutboundInterceptor):
    def start_activity(self, input):
        input.headers = header("activity")
        return super().start_activity(input)


class Workflows(worker.WorkflowInboundInterceptor):
    def init(self, outbound):
        super().init(Calls(outbound))

    async def execute_workflow(self, input):
        return [read(input.headers), await super().execute_workflow(input)]


class ReadsHeaders(worker.Interceptor):
    def intercept_activity(self, next):
        return Activities(next)

    def workflow_interceptor_class(self, input):
        return Workflows


@activity.defn
async def shout(word: str) -> str:
    return word.upper()


@workflow.defn(name="Foreign")
class Foreign:
    @workflow.run
    async def run(self, queue: str) -> str:
        return await workflow.execute_activity(
            "whisper",
            "HELLO",
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=10),
            result_type=str,
        )


async def main(address: str, queue: str) -> None:
    plain = await client.Client.connect(address)
    async with worker.Worker(
        plain,
        task_queue=f"{queue}-python",
        workflows=[Foreign],
        activities=[shout],
        interceptors=[ReadsHeaders()],
        workflow_runner=worker.UnsandboxedWorkflowRunner(),
    ):
        sets = await client.Client.connect(address, interceptors=[SetsHeaders()])
        relay = await sets.start_workflow(
            "relay", f"{queue}-python", id=f"{queue}-relay", task_queue=queue
        )
        assert await relay.query("words") == []
        assert await relay.execute_update("add", "hello") == 1
        await relay.signal("close")
        result = await relay.result()
        # Our workflow passed the header of its start on, and our activity read it.
        passed = "start of a relay"
        assert result == [f"hello {passed}", [{"trace": passed}, f"HELLO {passed.upper()}"]], result
        assert await relay.query("words") == ["hello"]
        print("driven", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    # As in foreign_client.py.
    sys.stdout.flush()
    os._exit(0)
