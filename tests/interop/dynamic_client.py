"""Sends messages that only dynamic handlers serve: dynamic_client.py ADDRESS QUEUE."""

import asyncio
import os
import sys
import uuid

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    clerk = await client.start_workflow("Clerk", id=f"clerk-{uuid.uuid4()}", task_queue=queue)
    await clerk.signal("slow", args=["a", {"b": 2}])
    assert await clerk.query("type") == "Clerk"
    assert await clerk.query("sum", args=[2, 3]) == 5
    assert await clerk.query("echo", {"b": [1, None]}) == {"b": [1, None]}
    try:
        await clerk.query("sum", args=[2, "three"])
        raise AssertionError("a text is no number")
    except WorkflowQueryFailedError as error:
        assert "argument 2 of query `sum`" in str(error), error
    assert await clerk.execute_update("last", args=[1, "two"]) == "two"
    try:
        await clerk.execute_update("refused", args=[1, 2, 3])
        raise AssertionError("the validator accepted it")
    except WorkflowUpdateFailedError as error:
        assert "3 arguments are refused" in str(error.cause), error.cause
    await clerk.signal("close")
    result = await clerk.result()
    assert sorted(result) == ['signal slow(Some("a")) of 2', "update last"], result

    total = await client.execute_workflow(
        "Sum", args=[2, 3], id=f"sum-{uuid.uuid4()}", task_queue=queue
    )
    assert total == 5, total


asyncio.run(main(*sys.argv[1:]))

# The SDK's threads sometimes crash an interpreter that ends right after a call.
sys.stdout.flush()
os._exit(0)
