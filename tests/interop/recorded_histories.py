"""Histories in files, written and replayed with the Python SDK.

recorded_histories.py ADDRESS QUEUE write WORKFLOW_ID FOLDER   writes the history of a workflow, as JSON and protobuf
recorded_histories.py ADDRESS QUEUE run WORKFLOW_ID FOLDER     runs the workflow first
recorded_histories.py ADDRESS QUEUE replay WORKFLOW_ID FILE..  replays files
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.api.history.v1 import History
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, Worker


@activity.defn
async def weigh(grams: int) -> int:
    return grams + 1


@workflow.defn(name="Parcel")
class Parcel:
    """The workflow of tests/interop/recorded_histories.rs."""

    def __init__(self) -> None:
        self.labels: list[str] = []

    @workflow.run
    async def run(self, grams: int) -> str:
        weight = await workflow.execute_activity(
            weigh, grams, start_to_close_timeout=timedelta(seconds=10)
        )
        await workflow.wait_condition(lambda: len(self.labels) == 2)
        return f"{weight} {' '.join(self.labels)}"

    @workflow.signal
    def label(self, text: str) -> None:
        self.labels.append(text)


async def write(client: Client, workflow_id: str, folder: str) -> None:
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    Path(folder, "python.json").write_text(history.to_json())
    message = History(events=history.events)
    Path(folder, "python.binpb").write_bytes(message.SerializeToString())


def read(workflow_id: str, file: Path) -> WorkflowHistory:
    if file.suffix == ".json":
        return WorkflowHistory.from_json(workflow_id, file.read_text())
    message = History.FromString(file.read_bytes())
    return WorkflowHistory(workflow_id, list(message.events))


async def main() -> None:
    address, queue, mode, workflow_id, *paths = sys.argv[1:]
    client = await Client.connect(address)
    if mode == "write":
        await write(client, workflow_id, *paths)
    if mode == "run":
        async with Worker(
            client, task_queue=queue, workflows=[Parcel], activities=[weigh]
        ):
            handle = await client.start_workflow(
                Parcel.run, 41, id=workflow_id, task_queue=queue
            )
            await handle.signal(Parcel.label, "fragile")
            await handle.signal(Parcel.label, "this side up")
            print(await handle.result())
        await write(client, workflow_id, *paths)
    if mode == "replay":
        for path in paths:
            history = read(workflow_id, Path(path))
            await Replayer(workflows=[Parcel]).replay_workflow(history)
            print(len(history.events))


if __name__ == "__main__":
    asyncio.run(main())
    # As in foreign_client.py.
    sys.stdout.flush()
    os._exit(0)
