"""Protobuf messages to and from a durably workflow that encodes some as binary/protobuf, some as json/protobuf.

Usage: message_encodings_client.py HOST:PORT TASK_QUEUE
"""

import asyncio
import os
import sys
import uuid

from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.converter import DataConverter


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    converter = DataConverter.default.payload_converter
    # The default converter writes json/protobuf.
    relay = await client.start_workflow(
        "relay",
        WorkflowExecution(workflow_id="first", run_id="r"),
        id=f"relay-{uuid.uuid4()}",
        task_queue=queue,
        result_type=RawValue,
    )
    kinds = Payloads(payloads=converter.to_payloads([WorkflowType(name="a"), WorkflowType(name="b")]))
    await relay.signal("add", args=[None, kinds])
    result = (await relay.result()).payload
    assert result.metadata["encoding"] == b"binary/protobuf", result
    run = converter.from_payload(result, WorkflowExecution)
    assert run == WorkflowExecution(workflow_id="b", run_id="r"), run
    last = await relay.query("last", WorkflowType(name="b"), result_type=RawValue)
    assert last.payload.metadata["encoding"] == b"json/protobuf", last.payload
    assert converter.from_payload(last.payload, WorkflowType) == WorkflowType(name="a")


asyncio.run(main(*sys.argv[1:]))
# Threads of the SDK may crash an interpreter that ends while they run.
os._exit(0)
