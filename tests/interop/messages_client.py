"""Protobuf messages to and from a durably workflow, with the default converter.

Usage: messages_client.py HOST:PORT TASK_QUEUE
"""

import asyncio
import os
import sys
import uuid

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.client import Client, WorkflowUpdateFailedError


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    parcel = await client.start_workflow(
        "parcel",
        Duration(seconds=3),
        id=f"parcel-{uuid.uuid4()}",
        task_queue=queue,
        result_type=WorkflowExecution,
    )
    longer = await parcel.query("longer", Duration(seconds=1), result_type=Duration)
    assert longer == Duration(seconds=2), longer
    # JSON of a message that the worker can only read in its binary form.
    try:
        await parcel.execute_update("name", WorkflowExecution(run_id="r"))
        raise AssertionError("the worker read the JSON of a message without serde")
    except WorkflowUpdateFailedError as error:
        assert "cannot be read from JSON" in str(error.cause), error.cause
    await parcel.signal("send", Timestamp(seconds=5))
    run = await parcel.result()
    assert run == WorkflowExecution(workflow_id="waited 3s"), run


asyncio.run(main(*sys.argv[1:]))
# Threads of the SDK may crash an interpreter that ends while they run.
os._exit(0)
