"""A worker in Python: a parent of a workflow in Rust, and a child of one.

usage: cross_language_children.py HOST:PORT QUEUE
It works until its input ends.
"""

import asyncio
import enum
import os
import sys
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.exceptions import (
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    TerminatedError,
    TimeoutError,
    WorkflowAlreadyStartedError,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn(name="PythonShipment")
class Shipment:
    def __init__(self) -> None:
        self.held: list[str] = []
        self.released = False

    @workflow.run
    async def run(self, how: str) -> str:
        if how == "arrives":
            return f"{workflow.info().workflow_id} has arrived"
        if how == "sinks":
            raise ApplicationError("in a storm", ["45 degrees"], type="Sunk")
        if how == "signals its parent":
            parent = workflow.info().parent
            assert parent
            handle = workflow.get_external_workflow_handle(parent.workflow_id)
            await handle.signal("report", f"from {workflow.info().workflow_type}")
            return "reported"
        await workflow.wait_condition(lambda: self.released)
        return ", ".join(self.held)

    @workflow.signal
    def hold(self, why: str) -> None:
        self.held.append(why)

    @workflow.signal
    def release(self) -> None:
        self.released = True


def as_in_rust(value: enum.IntEnum) -> str:
    """`RetryPolicyNotSet` for RETRY_POLICY_NOT_SET."""
    return value.name.title().replace("_", "")


def ended(error: ChildWorkflowError) -> str:
    """How a child ended, as its parent reads it."""
    how = repr(error.cause)
    if isinstance(error.cause, TimeoutError):
        assert error.cause.type is not None
        how = f"timed out: {as_in_rust(error.cause.type)}"
    elif isinstance(error.cause, CancelledError):
        how = "was cancelled"
    elif isinstance(error.cause, TerminatedError):
        how = "was terminated"
    state = as_in_rust(error.retry_state) if error.retry_state else "Unspecified"
    return f"{how}, {state}"


@workflow.defn(name="PythonOrder")
class Order:
    def __init__(self) -> None:
        self.reports: list[str] = []

    @workflow.run
    async def run(self, case: str, ship: str, queue: str) -> str:
        if case == "result":
            return await workflow.execute_child_workflow(
                "RustShipment", "arrives", id=ship, task_queue=queue, result_type=str
            )
        if case == "sinks":
            try:
                await workflow.execute_child_workflow(
                "RustShipment", "sinks", id=ship, task_queue=queue
            )
            except ChildWorkflowError as error:
                cause = error.cause
                assert isinstance(cause, ApplicationError), cause
                assert error.workflow_id == ship, error
                assert error.workflow_type == "RustShipment", error
                return f"{cause.type}: {cause.message} at {cause.details[0][0]}"
            return "never"
        if case == "passes on":
            await workflow.execute_child_workflow(
                "RustShipment", "sinks", id=ship, task_queue=queue
            )
            return "never"
        if case == "handle":
            child = await workflow.start_child_workflow(
                "RustShipment", "waits", id=ship, task_queue=queue, result_type=str
            )
            await child.signal("hold", "customs")
            external = workflow.get_external_workflow_handle(ship)
            await external.signal("hold", "storm")
            await external.signal("release")
            return await child
        if case == "cancels":
            child = await workflow.start_child_workflow(
                "RustShipment", "waits", id=ship, task_queue=queue, result_type=str
            )
            child.cancel()
            try:
                return await child
            except ChildWorkflowError as error:
                assert isinstance(error.cause, CancelledError), error.cause
                return "cancelled"
        if case in ("times out", "is ended"):
            try:
                await workflow.execute_child_workflow(
                    "RustShipment",
                    "waits",
                    id=ship,
                    task_queue=queue,
                    run_timeout=timedelta(seconds=1) if case == "times out" else None,
                )
            except ChildWorkflowError as error:
                return ended(error)
            return "never"
        if case == "already started":
            await workflow.start_child_workflow(
                "RustShipment", "waits", id=ship, task_queue=queue
            )
            try:
                await workflow.start_child_workflow(
                "RustShipment", "waits", id=ship, task_queue=queue
            )
            except WorkflowAlreadyStartedError:
                return "already started"
            return "never"
        if case == "is signalled":
            await workflow.start_child_workflow(
                "RustShipment", "signals its parent", id=ship, task_queue=queue
            )
            await workflow.wait_condition(lambda: bool(self.reports))
            return self.reports[0]
        raise ApplicationError(f"no case {case}", non_retryable=True)

    @workflow.signal
    def report(self, text: str) -> None:
        self.reports.append(text)


async def main() -> None:
    address, queue = sys.argv[1:]
    client = await Client.connect(address)
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Shipment, Order],
        workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(seconds=5),
    ):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
# As in foreign_client.py.
sys.stdout.flush()
os._exit(0)
