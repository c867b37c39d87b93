"""A workflow that reads the failures of activities of a durably worker, and a client that runs it.

Usage: activity_failures.py HOST:PORT TASK_QUEUE

A worker of TASK_QUEUE runs the activities `charge` and `wait_for_the_end`.
"""

import asyncio
import os
import sys
import uuid
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    TimeoutError,
    TimeoutType,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn
class Reader:
    """Returns what it reads of the failure that a case causes."""

    @workflow.run
    async def run(self, case: str, queue: str) -> list:
        try:
            if case == "cancelled":
                handle = workflow.start_activity(
                    "wait_for_the_end",
                    task_queue=queue,
                    start_to_close_timeout=timedelta(minutes=1),
                    heartbeat_timeout=timedelta(seconds=2),
                    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                )
                await workflow.sleep(0.5)
                handle.cancel()
                await handle
            await workflow.execute_activity(
                "charge",
                case,
                task_queue=queue,
                start_to_close_timeout=timedelta(seconds=10),
                heartbeat_timeout=timedelta(seconds=1),
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(milliseconds=10), maximum_attempts=2
                ),
            )
        except ActivityError as error:
            cause = error.cause
            read = [error.activity_type, error.retry_state.name, type(cause).__name__]
            if isinstance(cause, ApplicationError):
                inner = cause.cause
                read += [cause.type, cause.message, cause.non_retryable, list(cause.details)]
                read += [f"{inner.type}: {inner.message}" if inner else None]
            if isinstance(cause, TimeoutError):
                read += [cause.type.name, list(cause.last_heartbeat_details)]
            if isinstance(cause, CancelledError):
                read += [list(cause.details)]
            return read
        return ["no failure"]


async def main(address: str, queue: str) -> None:
    client = await Client.connect(address)
    async with Worker(
        client,
        task_queue=f"{queue}-python",
        workflows=[Reader],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        for case, expected in [
            (
                "declined",
                ["charge", "NON_RETRYABLE_FAILURE", "ApplicationError"]
                + ["PayError", "card declined: stolen", True]
                + [["Declined", {"reason": "stolen"}], None],
            ),
            (
                "busy",
                ["charge", "MAXIMUM_ATTEMPTS_REACHED", "ApplicationError"]
                + ["PayError", "gateway busy in attempt 2", False]
                + [["Busy", {"attempt": 2}], None],
            ),
            (
                "caused",
                ["charge", "NON_RETRYABLE_FAILURE", "ApplicationError"]
                + ["Outer", "no payment", True, [7, "cents"], "Inner: no gateway"],
            ),
            (
                "silent",
                ["charge", "MAXIMUM_ATTEMPTS_REACHED", "TimeoutError"]
                + [TimeoutType.HEARTBEAT.name, [2]],
            ),
            (
                "cancelled",
                ["wait_for_the_end", "CANCEL_REQUESTED", "CancelledError", []],
            ),
        ]:
            read = await client.execute_workflow(
                Reader.run,
                args=[case, queue],
                id=f"reader-{uuid.uuid4()}",
                task_queue=f"{queue}-python",
            )
            assert read == expected, (case, read)


asyncio.run(main(*sys.argv[1:]))

# As in foreign_client.py.
sys.stdout.flush()
os._exit(0)
