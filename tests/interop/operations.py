"""What operators do, as the Python SDK does it: by its client, and by the raw service where it has no method.

Usage: operations.py HOST:PORT NAMESPACE TASK_QUEUE
The workflows, `waiting`, are not in Python; the namespace is registered by this program.
       operations.py HOST:PORT NAMESPACE
Registers the namespace.
Prints what it has seen as JSON.
"""

import asyncio
import json
import sys
from typing import Any, Awaitable, Callable

from google.protobuf.duration_pb2 import Duration
from temporalio.api.batch.v1 import BatchOperationSignal, BatchOperationTermination
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import BatchOperationState, TaskQueueType, WorkflowExecutionStatus
from temporalio.api.namespace.v1 import UpdateNamespaceInfo
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    DescribeBatchOperationRequest,
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
    DescribeWorkerRequest,
    ListBatchOperationsRequest,
    ListWorkersRequest,
    RegisterNamespaceRequest,
    ResetWorkflowExecutionRequest,
    StartBatchOperationRequest,
    StopBatchOperationRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Repeats a condition until it has a value: servers know and list a moment later."""
    last: RPCError | None = None
    for _ in range(600):
        try:
            if found := await condition():
                return found
        except RPCError as error:
            last = error
        await asyncio.sleep(0.1)
    raise TimeoutError(condition) from last


async def refused(call: Awaitable[Any]) -> str:
    try:
        await call
    except RPCError as error:
        return f"{error.status.name}: {error.message}"
    raise AssertionError("it was not refused")


async def namespace(client: Client) -> dict[str, Any]:
    service, name = client.workflow_service, client.namespace
    register = RegisterNamespaceRequest(
        namespace=name,
        description="the shop",
        owner_email="shop@example.com",
        workflow_execution_retention_period=Duration(seconds=3 * 86400),
        data={"team": "checkout"},
    )
    await service.register_namespace(register)
    again = await refused(service.register_namespace(register))
    update = UpdateNamespaceRequest(
        namespace=name, update_info=UpdateNamespaceInfo(description="the other shop", data={"floor": "2"})
    )
    await until(lambda: service.update_namespace(update))
    described = await service.describe_namespace(DescribeNamespaceRequest(namespace=name))
    info = described.namespace_info
    await until(lambda: count(client, ""))
    return {
        "again": again,
        "described": [info.description, info.owner_email, dict(sorted(info.data.items()))],
        "retention": described.config.workflow_execution_retention_ttl.seconds,
        "nowhere": await refused(
            service.describe_namespace(DescribeNamespaceRequest(namespace="nowhere"))
        ),
    }


async def count(client: Client, query: str) -> list[Any]:
    counted = await client.count_workflows(query)
    groups = sorted([*group.group_values, group.count] for group in counted.groups)
    return [counted.count, groups]


async def counts(client: Client, query: str, expected: int) -> list[Any]:
    async def counted() -> list[Any]:
        found = await count(client, query)
        return found if found[0] == expected else []

    return await until(counted)


async def batch(client: Client, id: str, query: str, **operation: Any) -> list[Any]:
    """Runs a batch to its end."""
    service = client.workflow_service
    start = StartBatchOperationRequest(
        namespace=client.namespace, job_id=id, reason="the test", visibility_query=query, **operation
    )
    await service.start_batch_operation(start)
    describe = DescribeBatchOperationRequest(namespace=client.namespace, job_id=id)

    async def finished() -> Any:
        found = await service.describe_batch_operation(describe)
        running = BatchOperationState.BATCH_OPERATION_STATE_RUNNING
        return found if found.state != running else None

    found = await until(finished)
    numbers = [
        found.total_operation_count,
        found.complete_operation_count,
        found.failure_operation_count,
    ]
    return [BatchOperationState.Name(found.state), found.reason, found.identity, *numbers]


async def workflows(client: Client, queue: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    service = client.workflow_service
    ids = [f"{queue}-{number}" for number in range(4)]
    for id in ids:
        await client.start_workflow("waiting", id=id, task_queue=queue)
    of_queue = f"TaskQueue = '{queue}'"
    handles = [client.get_workflow_handle(id) for id in ids]
    await until(lambda: at_work(handles))
    await handles[3].terminate("counted")
    running = f"{of_queue} AND ExecutionStatus = 'Running'"
    await counts(client, running, 3)
    seen["groups"] = await counts(client, f"{of_queue} GROUP BY ExecutionStatus", 4)
    signal = BatchOperationSignal(signal="finish", identity="python")
    seen["signal"] = await batch(client, f"{queue}-signal", running, signal_operation=signal)
    seen["results"] = [await handle.result() for handle in handles[:3]]
    await counts(client, f"{of_queue} AND ExecutionStatus = 'Completed'", 3)
    reset = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=ids[0]),
        reason="again",
        request_id="reset",
        workflow_task_finish_event_id=4,
    )
    run_id = (await service.reset_workflow_execution(reset)).run_id
    # The signal is applied again.
    seen["reset"] = await client.get_workflow_handle(ids[0], run_id=run_id).result()
    delete = DeleteWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=ids[1])
    )
    await service.delete_workflow_execution(delete)
    await until(lambda: gone(handles[1]))
    seen["deleted"] = await refused(handles[1].describe())
    seen["nothing"] = await batch(
        client,
        f"{queue}-nothing",
        f"{of_queue} AND WorkflowType = 'nothing'",
        termination_operation=BatchOperationTermination(identity="python"),
    )
    stop = StopBatchOperationRequest(
        namespace=client.namespace, job_id=f"{queue}-signal", reason="late", identity="python"
    )
    seen["stopped"] = await refused(service.stop_batch_operation(stop))
    stop.job_id = "nothing"
    seen["unknown"] = await refused(service.stop_batch_operation(stop))
    seen["batches"] = await until(lambda: batches(client, 2))
    return seen


async def at_work(handles: list[WorkflowHandle[Any, Any]]) -> bool:
    found = [await handle.describe() for handle in handles]
    return all(it.history_length >= 4 for it in found)


async def gone(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        await handle.describe()
    except RPCError as error:
        return error.status.name == "NOT_FOUND"
    return False


async def batches(client: Client, expected: int) -> list[str]:
    listed = await client.workflow_service.list_batch_operations(
        ListBatchOperationsRequest(namespace=client.namespace, page_size=10)
    )
    states = [
        f"{it.job_id} {BatchOperationState.Name(it.state)}" for it in listed.operation_info
    ]
    is_done = all(it.endswith("COMPLETED") for it in states)
    return sorted(states) if len(states) == expected and is_done else []


async def workers(client: Client, queue: str) -> dict[str, Any]:
    service = client.workflow_service
    describe = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        report_stats=True,
    )
    described = await service.describe_task_queue(describe)
    query = f"TaskQueue = '{queue}'"
    list_workers = ListWorkersRequest(namespace=client.namespace, query=query)

    async def listed() -> Any:
        return list((await service.list_workers(list_workers)).workers)

    found = (await until(listed))[0]
    key = found.worker_instance_key
    worker = await service.describe_worker(
        DescribeWorkerRequest(namespace=client.namespace, worker_instance_key=key)
    )
    heartbeat = worker.worker_info.worker_heartbeat
    unknown = DescribeWorkerRequest(namespace=client.namespace, worker_instance_key="nothing")
    return {
        "pollers": sorted({it.identity for it in described.pollers}),
        "backlog": described.stats.approximate_backlog_count,
        "worker": [heartbeat.worker_identity, heartbeat.task_queue, heartbeat.worker_instance_key == key],
        "unknown": await refused(service.describe_worker(unknown)),
    }


async def main() -> None:
    address, name, *queue = sys.argv[1:]
    client = await Client.connect(address, namespace=name)
    if queue:
        seen = {
            "workflows": await workflows(client, queue[0]),
            "workers": await workers(client, queue[0]),
        }
    else:
        seen = await namespace(client)
    print(json.dumps(seen).replace(name, "NAMESPACE").replace(queue[0] if queue else name, "QUEUE"))


asyncio.run(main())
