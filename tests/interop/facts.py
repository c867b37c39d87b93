"""Search attributes, priorities, summaries and details, as the Python SDK writes and reads them.

Usage: facts.py HOST:PORT TASK_QUEUE          a worker; ends when its input is closed
       facts.py HOST:PORT TASK_QUEUE ID       prints what a client knows of the workflow ID, as JSON
       facts.py HOST:PORT TASK_QUEUE ID TYPE  starts a workflow
"""

import asyncio
import json
import os
import sys
from datetime import datetime, timezone

from temporalio import workflow
from temporalio.api.sdk.v1 import EnhancedStackTrace, WorkflowMetadata
from temporalio.client import Client
from temporalio.common import (
    Priority,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

KEYWORD = SearchAttributeKey.for_keyword("DurablyKeyword")
TEXT = SearchAttributeKey.for_text("DurablyText")
ITEMS = SearchAttributeKey.for_keyword_list("DurablyKeywordList")
COUNT = SearchAttributeKey.for_int("DurablyInt")
AMOUNT = SearchAttributeKey.for_float("DurablyDouble")
PAID = SearchAttributeKey.for_bool("DurablyBool")
DUE = SearchAttributeKey.for_datetime("DurablyDatetime")
DUE_AT = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)


def read(attributes: TypedSearchAttributes) -> list[str]:
    due = attributes.get(DUE)
    return [
        str(value)
        for value in [
            attributes.get(KEYWORD),
            attributes.get(TEXT),
            attributes.get(ITEMS),
            attributes.get(COUNT),
            attributes.get(AMOUNT),
            attributes.get(PAID),
            due and int(due.timestamp()),
        ]
    ]


@workflow.defn(name="Described")
class Described:
    def __init__(self) -> None:
        self.done = False

    @workflow.run
    async def run(self) -> list[str]:
        info = workflow.info()
        seen = read(info.typed_search_attributes)
        priority = info.priority
        seen.append(f"{priority.priority_key} {priority.fairness_key} {priority.fairness_weight}")
        workflow.upsert_search_attributes(
            [
                KEYWORD.value_set("c-9"),
                TEXT.value_unset(),
                ITEMS.value_set(["pen", "ink"]),
                COUNT.value_set(9),
                AMOUNT.value_set(0.25),
                PAID.value_set(True),
                DUE.value_set(DUE_AT),
            ]
        )
        workflow.set_current_details("waits for **you**")
        await workflow.wait_condition(lambda: self.done)
        return seen

    @workflow.signal
    def end(self) -> None:
        self.done = True


async def main() -> None:
    address, task_queue, *rest = sys.argv[1:]
    client = await Client.connect(address)
    if not rest:
        async with Worker(
            client,
            task_queue=task_queue,
            workflows=[Described],
            workflow_runner=UnsandboxedWorkflowRunner(),
        ):
            await asyncio.to_thread(sys.stdin.read)
    elif len(rest) == 2:
        await client.start_workflow(
            rest[1],
            id=rest[0],
            task_queue=task_queue,
            priority=Priority(priority_key=4, fairness_key="py", fairness_weight=0.5),
            static_summary="from Python",
            static_details="by a *client*",
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(KEYWORD, "c-1"),
                    SearchAttributePair(TEXT, "some words"),
                    SearchAttributePair(ITEMS, ["tea"]),
                    SearchAttributePair(COUNT, 3),
                    SearchAttributePair(AMOUNT, 4.5),
                    SearchAttributePair(PAID, False),
                    SearchAttributePair(DUE, DUE_AT),
                ]
            ),
        )
    else:
        handle = client.get_workflow_handle(rest[0])
        described = await handle.describe()
        metadata = await handle.query(
            "__temporal_workflow_metadata", result_type=WorkflowMetadata
        )
        trace = await handle.query(
            "__enhanced_stack_trace", result_type=EnhancedStackTrace
        )
        location = trace.stacks[0].locations[0]
        print(
            json.dumps(
                {
                    "attributes": read(described.typed_search_attributes),
                    "summary": await described.static_summary(),
                    "details": await described.static_details(),
                    "current_details": metadata.current_details,
                    "waits_in": f"{location.file_path} {location.function_name}",
                    "has_source": location.file_path in trace.sources,
                }
            )
        )


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    # The SDK's threads sometimes crash an interpreter that ends right after a call.
    os._exit(0)
