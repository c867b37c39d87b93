"""Reads the type and the details of a durably workflow's error, and raises such an error itself.

Usage: typed_errors.py HOST:PORT TASK_QUEUE

A worker of TASK_QUEUE runs the workflow `Checkout`, which may call the activity `charge_in_python` of
TASK_QUEUE-python.
"""

import asyncio
import os
import sys
import uuid
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker


@activity.defn
async def charge_in_python(case: str) -> str:
    if case == "declined":
        raise ApplicationError(
            "no", "Declined", {"reason": "stolen"}, type="PayError", non_retryable=True
        )
    if case == "busy":
        raise ApplicationError("later", "Busy", type="PayError", non_retryable=True)
    raise ApplicationError("new", "Frozen", type="PayError", non_retryable=True)


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)

    async def checkout(case: str) -> str:
        return await client.execute_workflow(
            "Checkout", case, id=f"checkout-{uuid.uuid4()}", task_queue=queue
        )

    try:
        await checkout("declined")
        raise AssertionError("it was paid")
    except WorkflowFailureError as error:
        order = error.cause
        assert isinstance(order, ApplicationError), order
        assert order.type == "OrderError", order.type
        assert list(order.details) == ["Payment", {"order": 7}], order.details
        called = order.cause
        assert isinstance(called, ActivityError), called
        pay = called.cause
        assert isinstance(pay, ApplicationError), pay
        assert pay.type == "PayError" and pay.non_retryable, pay
        assert pay.message == "card declined: stolen", pay.message
        assert list(pay.details) == ["Declined", {"reason": "stolen"}], pay.details

    async with Worker(
        client, task_queue=f"{queue}-python", activities=[charge_in_python]
    ):
        for case, told in [
            ("python declined", "declined: stolen"),
            ("python busy", "busy"),
            ("python frozen", "unknown: PayError: new"),
        ]:
            result = await checkout(case)
            assert result == told, result


asyncio.run(main(*sys.argv[1:]))

# As in foreign_client.py.
sys.stdout.flush()
os._exit(0)
