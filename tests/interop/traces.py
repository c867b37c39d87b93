"""A client and a worker with the TracingInterceptor of the Python SDK.

Usage: traces.py HOST:PORT TASK_QUEUE [NO_CODEC|CODEC]

With a third argument everything is encrypted, headers with CODEC only.

The client runs the workflow `order` on TASK_QUEUE, where a worker of another language polls. The worker polls
TASK_QUEUE-python, where it has the workflow `Foreign`, and the activities `shout` and `spans`, which returns all
spans of this process that have ended. `PythonParent` has a child in the other language, `PythonLeaf` is one. It runs
until the process is killed.
"""

import asyncio
import dataclasses
import os
import sys
from datetime import timedelta

from encryption import EncryptionCodec
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from temporalio import activity, client, worker, workflow
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.converter import DataConverter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("test")


@activity.defn
async def shout(word: str) -> str:
    with tracer.start_as_current_span("shouting"):
        return word.upper()


@activity.defn
async def spans() -> list[dict]:
    def span_id(context) -> str:
        return format(context.span_id, "016x")

    def recorded(span) -> dict:
        return {
            "name": span.name,
            "kind": span.kind.name.lower(),
            "trace": format(span.context.trace_id, "032x"),
            "id": span_id(span.context),
            "parent": span_id(span.parent) if span.parent else None,
            "failed": span.status.status_code is StatusCode.ERROR,
            "links": [span_id(link.context) for link in span.links],
        }

    return [recorded(span) for span in exporter.get_finished_spans()]


@workflow.defn
class Foreign:
    def __init__(self) -> None:
        self.closed = False

    @workflow.run
    async def run(self, queue: str) -> str:
        await workflow.wait_condition(lambda: self.closed)
        return await workflow.execute_activity(
            "whisper",
            "HELLO",
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=10),
            result_type=str,
        )

    @workflow.signal
    def close(self) -> None:
        self.closed = True


@workflow.defn
class PythonLeaf:
    def __init__(self) -> None:
        self.closed = False

    @workflow.run
    async def run(self, word: str) -> str:
        await workflow.wait_condition(lambda: self.closed)
        return word

    @workflow.signal
    def close(self) -> None:
        self.closed = True


@workflow.defn
class PythonParent:
    @workflow.run
    async def run(self, queue: str) -> str:
        child = await workflow.start_child_workflow(
            "RustLeaf", "leaf", id=f"{workflow.info().workflow_id}-leaf", task_queue=queue, result_type=str
        )
        await workflow.get_external_workflow_handle(child.id).signal("close")
        return await child


async def connect(address: str, *headers: str) -> client.Client:
    options = {}
    for behavior in headers:
        options["header_codec_behavior"] = client.HeaderCodecBehavior[behavior]
        options["data_converter"] = dataclasses.replace(
            DataConverter.default, payload_codec=EncryptionCodec()
        )
    return await client.Client.connect(
        address, interceptors=[TracingInterceptor(tracer)], **options
    )


async def main(address: str, queue: str, *headers: str) -> None:
    traced = await connect(address, *headers)
    async with worker.Worker(
        traced,
        task_queue=f"{queue}-python",
        workflows=[Foreign, PythonLeaf, PythonParent],
        activities=[shout, spans],
        workflow_runner=worker.UnsandboxedWorkflowRunner(),
    ):
        with tracer.start_as_current_span("python"):
            order = await traced.start_workflow(
                "order", f"{queue}-python", id=f"{queue}-order", task_queue=queue, result_type=str
            )
            assert await order.query("words") == 0
            assert await order.execute_update("add", "hello") == 1
            await order.signal("close")
            result = await order.result()
        assert result == "hello HELLO", result
        print("driven", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    # As in foreign_client.py.
    sys.stdout.flush()
    os._exit(0)
