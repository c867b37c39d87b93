"""The Python SDK as a client of durably workflows: foreign_client.py ADDRESS QUEUE."""

import asyncio
import os
import sys
import uuid

from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    cart = await client.start_workflow(
        "cart", args=["Ada", None], id=f"cart-{uuid.uuid4()}", task_queue=queue
    )
    await cart.signal("add item", {"name": "tea", "cents": 300})
    await cart.signal("add item", {"name": "cup", "cents": 700})
    items = await cart.query("items")
    assert items == [{"name": "tea", "cents": 300}, {"name": "cup", "cents": 700}], items
    note = await cart.query("note")
    assert note is None, note

    renamed = await cart.execute_update("rename", args=["tea", "coffee"])
    assert renamed == 1, renamed
    try:
        await cart.execute_update("rename", args=["milk", "cream"])
        raise AssertionError("the validator accepted milk")
    except WorkflowUpdateFailedError as error:
        assert "no milk in the cart" in str(error.cause), error.cause

    await cart.signal("close")
    result = await cart.result()
    assert result == "Ada: 1000", result

    described = await cart.describe()
    assert described.workflow_type == "cart", described.workflow_type

    broken = await client.start_workflow(
        "broken", id=f"broken-{uuid.uuid4()}", task_queue=queue
    )
    try:
        await broken.result()
        raise AssertionError("broken did not fail")
    except WorkflowFailureError as error:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        assert cause.type == "OutOfStock" and cause.message == "no tea left", cause
        assert cause.non_retryable and list(cause.details) == [["tea"]], cause.details

    async for run in client.list_workflows(f"TaskQueue = '{queue}'"):
        assert run.workflow_type in ("cart", "broken"), run


asyncio.run(main(*sys.argv[1:]))

# The SDK's own threads may still run while the interpreter is taken down, which now and then
# ends in "PyGILState_Release: thread state must be current" and an abort. All has been checked.
sys.stdout.flush()
os._exit(0)
