"""Children, external signals and external cancels: prints their histories without what differs from run to run."""

import asyncio
import json
import math
import os
import re
import sys
import uuid
from datetime import timedelta

from google.protobuf.json_format import MessageToDict
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import Priority, RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.workflow import ParentClosePolicy

POLICIES = {
    "terminate": ParentClosePolicy.TERMINATE,
    "abandon": ParentClosePolicy.ABANDON,
    "cancel": ParentClosePolicy.REQUEST_CANCEL,
}


@workflow.defn
class Echo:
    @workflow.run
    async def run(self, text: str) -> str:
        if text == "fail":
            raise ApplicationError("no", non_retryable=True)
        if text == "retry" and workflow.info().attempt < 2:
            raise ApplicationError("again")
        return text


@workflow.defn
class Idle:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(60)


@workflow.defn
class Waiting:
    def __init__(self) -> None:
        self.signals: list[str] = []

    @workflow.run
    async def run(self) -> str:
        # The parent goes on when this workflow has nothing left to do.
        await workflow.sleep(0.3)
        await workflow.get_external_workflow_handle(workflow.info().parent.workflow_id).signal("go")
        await workflow.wait_condition(lambda: len(self.signals) > 0)
        return ",".join(self.signals)

    @workflow.signal
    def finish(self, text: str) -> None:
        self.signals.append(text)


@workflow.defn
class Continuing:
    @workflow.run
    async def run(self, left: int) -> int:
        if left > 0:
            workflow.continue_as_new(left - 1)
        return 42


@workflow.defn
class Parent:
    def __init__(self) -> None:
        self.waits = False

    @workflow.signal
    def go(self) -> None:
        self.waits = True

    async def child_waits(self) -> None:
        await workflow.wait_condition(lambda: self.waits)
        await workflow.sleep(0.5)

    @workflow.run
    async def run(self, scenario: str) -> str:
        child = workflow.info().workflow_id + "-child"
        try:
            return await self.scenario(scenario, child)
        except FailureError as error:
            # A cancelled child is no cancellation of its parent.
            return f"{type(error).__name__}: {error.message}"

    async def scenario(self, scenario: str, child: str) -> str:
        match scenario.split(" "):
            case ["echo"]:
                return await workflow.execute_child_workflow(Echo.run, "hi", id=child)
            case ["options"]:
                return await workflow.execute_child_workflow(
                    Echo.run,
                    "hi",
                    id=child,
                    memo={"note": "new"},
                    execution_timeout=timedelta(seconds=100),
                    run_timeout=timedelta(seconds=200),
                    task_timeout=timedelta(seconds=5),
                    priority=Priority(priority_key=2),
                    static_summary="summary",
                )
            case ["fail"]:
                return await workflow.execute_child_workflow(Echo.run, "fail", id=child)
            case ["retry"]:
                policy = RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=3)
                return await workflow.execute_child_workflow(Echo.run, "retry", id=child, retry_policy=policy)
            case ["continue"]:
                return str(await workflow.execute_child_workflow(Continuing.run, 2, id=child))
            case ["timeout"]:
                return await workflow.execute_child_workflow(
                    Idle.run, id=child, run_timeout=timedelta(seconds=2)
                )
            case ["grandchild"]:
                return await workflow.execute_child_workflow(Parent.run, "echo", id=child)
            case ["signal"]:
                handle = await workflow.start_child_workflow(Waiting.run, id=child)
                await self.child_waits()
                await handle.signal(Waiting.finish, "now")
                return await handle
            case ["cancel"]:
                handle = await workflow.start_child_workflow(Waiting.run, id=child)
                await self.child_waits()
                handle.cancel()
                return await handle
            case ["signal", "nobody"]:
                await workflow.get_external_workflow_handle(child).signal("go")
            case ["cancel", "nobody"]:
                await workflow.get_external_workflow_handle(child).cancel()
            case ["signal", "itself"]:
                await workflow.get_external_workflow_handle(workflow.info().workflow_id).signal("go")
            case ["cancel", "itself"]:
                await workflow.get_external_workflow_handle(workflow.info().workflow_id).cancel()
            case ["signal", "closed"]:
                await workflow.execute_child_workflow(Echo.run, "hi", id=child)
                await workflow.get_external_workflow_handle(child).signal("go")
            case ["cancel", "closed"]:
                await workflow.execute_child_workflow(Echo.run, "hi", id=child)
                await workflow.get_external_workflow_handle(child).cancel()
            case ["duplicate"]:
                await workflow.start_child_workflow(Waiting.run, id=child)
                await self.child_waits()
                await workflow.start_child_workflow(Waiting.run, id=child)
            case ["reject", "duplicate"]:
                await workflow.execute_child_workflow(Echo.run, "hi", id=child)
                policy = WorkflowIDReusePolicy.REJECT_DUPLICATE
                await workflow.execute_child_workflow(Echo.run, "hi", id=child, id_reuse_policy=policy)
            case ["close", policy, *how]:
                policy = POLICIES[policy]
                await workflow.start_child_workflow(Waiting.run, id=child, parent_close_policy=policy)
                await self.child_waits()
                if how == ["continued"]:
                    workflow.continue_as_new("nothing")
                if how == ["failed"]:
                    raise ApplicationError("closed")
            case ["unstarted", policy]:
                policy = POLICIES[policy]
                start = workflow.start_child_workflow(Waiting.run, id=child, parent_close_policy=policy)
                signal = workflow.get_external_workflow_handle(child).signal("go")
                # Both begin, and the workflow does not wait for them.
                self.unfinished = [asyncio.create_task(start), asyncio.create_task(signal)]
                begun = [False]

                async def begin() -> None:
                    begun[0] = True

                self.unfinished.append(asyncio.create_task(begin()))
                await workflow.wait_condition(lambda: begun[0])
        return "done"


SCENARIOS = [
    "echo", "options", "fail", "retry", "continue", "timeout", "grandchild", "signal", "cancel",
    "signal nobody", "cancel nobody", "signal itself", "cancel itself", "signal closed", "cancel closed",
    "duplicate", "reject duplicate",
    "close terminate", "close abandon", "close cancel", "close terminate continued", "close cancel failed",
    "unstarted terminate", "unstarted abandon",
]  # fmt: skip


class Server:
    def __init__(self, client: Client, queue: str) -> None:
        self.client = client
        self.queue = queue

    async def record(self, scenario: str) -> list[str]:
        own = "scenario-" + uuid.uuid4().hex
        handle = await self.client.start_workflow(
            Parent.run, scenario, id=own, task_queue=self.queue
        )
        lines = [f"== {scenario}"]
        try:
            lines.append(f"result {await handle.result()}")
        except Exception as error:
            lines.append(f"error {error.cause}")
        # What the close of the parent leads to.
        await asyncio.sleep(1)
        for workflow_id in [own, own + "-child", own + "-child-child"]:
            runs = []
            async for found in self.client.list_workflows(f"WorkflowId = '{workflow_id}'"):
                closed = found.close_time.timestamp() if found.close_time else math.inf
                runs.append((closed, found.run_id))
            for _, run_id in sorted(runs):
                lines.append(f"-- {workflow_id}")
                handle = self.client.get_workflow_handle(workflow_id, run_id=run_id)
                async for event in handle.fetch_history_events():
                    lines.append(comparable(event))
            try:
                await self.client.get_workflow_handle(workflow_id).terminate()
            except Exception:
                pass
        return [line.replace(own, "own").replace(self.queue, "queue") for line in lines]


VARYING = {
    "event_time", "task_id", "version", "identity", "request_id", "history_size_bytes", "worker_version",
    "binary_checksum", "stack_trace", "prev_auto_reset_points", "workflow_execution_expiration_time",
    "namespace_id", "parent_workflow_namespace_id", "sdk_metadata", "worker_version_stamp",
    "first_workflow_task_backoff",
}  # fmt: skip


def comparable(event) -> str:
    def clean(value):
        if isinstance(value, dict):
            return {key: clean(value[key]) for key in sorted(value) if key not in VARYING}
        return [clean(item) for item in value] if isinstance(value, list) else value

    fields = MessageToDict(event, preserving_proto_field_name=True)
    sticky = fields.get("workflow_task_scheduled_event_attributes", {})
    sticky.pop("task_queue", None)
    text = json.dumps(clean(fields))
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "uuid", text)


async def main() -> None:
    client = await Client.connect(sys.argv[1])
    queue = "children-" + uuid.uuid4().hex
    workflows = [Echo, Idle, Waiting, Continuing, Parent]
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=queue, workflows=workflows, workflow_runner=runner):
        server = Server(client, queue)
        scenarios = sys.argv[2:] or SCENARIOS
        recorded = await asyncio.gather(*[server.record(scenario) for scenario in scenarios])
    for lines in recorded:
        print("\n".join(lines))


asyncio.run(main())
# As in foreign_client.py.
sys.stdout.flush()
os._exit(0)
