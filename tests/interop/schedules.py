"""Schedules and cron as the Python SDK drives them; their workflow, `nightly`, is not in Python.

Usage: schedules.py HOST:PORT TASK_QUEUE ID
Prints what it has seen as JSON.
"""

import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone
from typing import Any, Awaitable, Callable

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowContinuedAsNewError,
    WorkflowFailureError,
)
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

KEYWORD = SearchAttributeKey.for_keyword("DurablyKeyword")
SCHEDULED_BY = SearchAttributeKey.for_keyword("TemporalScheduledById")


def attributes(value: str) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(KEYWORD, value)])


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Repeats a condition until it has a value: servers list and act a moment later."""
    for _ in range(600):
        if found := await condition():
            return found
        await asyncio.sleep(0.1)
    raise TimeoutError(condition)


def schedule(queue: str, id: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "nightly",
            "Berlin",
            id=f"{id}-run",
            task_queue=queue,
            run_timeout=timedelta(hours=1),
            memo={"from": "python"},
            typed_search_attributes=attributes(f"{id}-run"),
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(4, 8, 2)], month=[ScheduleRange(1)], comment="in winter"
                )
            ],
            intervals=[ScheduleIntervalSpec(every=timedelta(days=1000), offset=timedelta(hours=1))],
            cron_expressions=["0 0 29 2 *"],
            skip=[ScheduleCalendarSpec(day_of_month=[ScheduleRange(1)], hour=[ScheduleRange(0, 23)])],
            start_at=datetime(2030, 1, 1, tzinfo=timezone.utc),
            end_at=datetime(2040, 1, 1, tzinfo=timezone.utc),
            jitter=timedelta(seconds=5),
            time_zone_name="Europe/Berlin",
        ),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.BUFFER_ONE,
            catchup_window=timedelta(hours=2),
            pause_on_failure=True,
        ),
        state=ScheduleState(note="every night", paused=True, limited_actions=True, remaining_actions=9),
    )


async def described(found: ScheduleDescription) -> dict[str, Any]:
    action = found.schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    spec, policy, state = found.schedule.spec, found.schedule.policy, found.schedule.state
    return {
        "workflow": action.workflow,
        "run_timeout": str(action.run_timeout),
        "calendars": [
            [str([(it.start, it.end, it.step) for it in each.hour]), each.comment]
            for each in spec.calendars
        ],
        "intervals": [f"{each.every} {each.offset}" for each in spec.intervals],
        "skipped": len(spec.skip),
        "from": f"{spec.start_at} {spec.end_at} {spec.jitter} {spec.time_zone_name}",
        "policy": f"{policy.overlap.name} {policy.catchup_window} {policy.pause_on_failure}",
        "state": f"{state.note} {state.paused} {state.remaining_actions}",
        "memo": await found.memo(),
        "keyword": found.typed_search_attributes.get(KEYWORD),
        "actions": found.info.num_actions,
    }


async def refused(call: Awaitable[Any]) -> str:
    try:
        await call
    except RPCError as error:
        return f"{error.status.name}: {error.message}"
    except ScheduleAlreadyRunningError as error:
        return str(error)
    raise AssertionError("it was not refused")


async def run_schedule(client: Client, queue: str, id: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    handle = await client.create_schedule(
        id,
        schedule(queue, id),
        memo={"of": "the schedule"},
        search_attributes=attributes(id),
    )
    seen["created"] = await described(await handle.describe())
    seen["again"] = await refused(client.create_schedule(id, schedule(queue, id)))

    def hourly(input: ScheduleUpdateInput) -> ScheduleUpdate:
        changed = input.description.schedule
        changed.spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))])
        changed.policy.overlap = ScheduleOverlapPolicy.ALLOW_ALL
        changed.state = ScheduleState(note="every day", paused=True)
        return ScheduleUpdate(schedule=changed)

    await handle.update(hourly)
    seen["updated"] = await described(await handle.describe())
    await handle.trigger()
    run = (await until(lambda: started(handle, 1)))[0]
    nightly = client.get_workflow_handle(run.workflow_id, run_id=run.first_execution_run_id)
    seen["result"] = await nightly.result()
    info = await nightly.describe()
    seen["run"] = {
        "type": info.workflow_type,
        "memo": await info.memo(),
        "keyword": info.typed_search_attributes.get(KEYWORD),
        "by": info.typed_search_attributes.get(SCHEDULED_BY),
    }
    await handle.backfill(
        ScheduleBackfill(
            start_at=datetime(2025, 3, 1, 12, tzinfo=timezone.utc),
            end_at=datetime(2025, 3, 4, 12, tzinfo=timezone.utc),
            overlap=ScheduleOverlapPolicy.ALLOW_ALL,
        )
    )
    runs = await until(lambda: started(handle, 4))
    seen["backfilled"] = [run.workflow_id.removeprefix(f"{id}-run-") for run in runs[1:]]
    await handle.unpause(note="open")
    state = (await handle.describe()).schedule.state
    seen["unpaused"] = f"{state.note} {state.paused}"
    await handle.pause(note="closed")
    state = (await handle.describe()).schedule.state
    seen["paused"] = f"{state.note} {state.paused}"
    by_keyword = f"DurablyKeyword = '{id}' AND TemporalSchedulePaused = true"
    listed = await until(lambda: listed_schedules(client, by_keyword))
    seen["listed"] = [
        {
            "id": each.id,
            "note": each.schedule and each.schedule.state.note,
            "memo": await each.memo(),
            "keyword": each.typed_search_attributes.get(KEYWORD),
        }
        for each in listed
    ]
    await handle.delete()
    await until(lambda: gone(handle))
    return seen


async def started(handle: ScheduleHandle, count: int) -> list[Any]:
    actions = (await handle.describe()).info.recent_actions
    runs = [each.action for each in actions]
    return runs if len(runs) >= count else []


async def listed_schedules(client: Client, query: str) -> list[Any]:
    return [each async for each in await client.list_schedules(query)]


async def gone(handle: ScheduleHandle) -> bool:
    try:
        await handle.describe()
    except RPCError as error:
        return error.status.name == "NOT_FOUND"
    return False


async def run_cron(client: Client, queue: str, id: str) -> dict[str, Any]:
    handle = await client.start_workflow(
        "nightly", "Oslo", id=f"{id}-cron", task_queue=queue, cron_schedule="@every 1s"
    )
    run_id, results = handle.first_execution_run_id, []
    while len(results) < 3:
        run = client.get_workflow_handle(handle.id, run_id=run_id)
        try:
            await run.result(follow_runs=False)
        except WorkflowContinuedAsNewError as next:
            run_id = next.new_execution_run_id
        closed = (await run.fetch_history()).events[-1].workflow_execution_completed_event_attributes
        assert closed.new_execution_run_id == run_id
        results.append(json.loads(closed.result.payloads[0].data))
    # The next run waits for its second.
    waiting = client.get_workflow_handle(handle.id)
    await waiting.terminate("seen")
    try:
        await waiting.result()
    except WorkflowFailureError as error:
        return {"results": results, "ended": type(error.cause).__name__}
    raise AssertionError("it was terminated")


async def main() -> None:
    address, queue, id = sys.argv[1:]
    client = await Client.connect(address)
    seen = {
        "schedule": await run_schedule(client, queue, id),
        "cron": await run_cron(client, queue, id),
    }
    print(json.dumps(seen).replace(id, "ID"))


asyncio.run(main())
