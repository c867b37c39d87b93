"""Runs workflows in a worker and a client that Prometheus can scrape, and prints what it would scrape.

metrics.py ADDRESS QUEUE [NAME ..]

The metrics are printed when each NAME is among them, or after a minute. With the variable METRICS_SLOTS the machine
decides about slots.
"""

import asyncio
import os
import socket
import sys
import urllib.request
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import Worker, WorkerTuner

SECOND = timedelta(seconds=1)


@activity.defn
async def pack(box: str) -> str:
    metrics = activity.metric_meter().with_additional_attributes({"box": box})
    metrics.create_counter("boxes").add(1)
    if box == "bad":
        raise ApplicationError("bad", non_retryable=True)
    return box


@activity.defn
async def hang() -> None:
    await asyncio.sleep(600)


@workflow.defn(name="Parcel")
class Parcel:
    def __init__(self) -> None:
        self.is_sent = False

    @workflow.signal
    def send(self) -> None:
        self.is_sent = True

    @workflow.query
    def sent(self) -> bool:
        return self.is_sent

    @workflow.run
    async def run(self, case: str) -> None:
        metrics = workflow.metric_meter()
        metrics.create_counter("parcels").add(1)
        metrics = metrics.with_additional_attributes({"case": case})
        metrics.create_gauge("last_parcel").set(7)
        if case == "continues":
            workflow.continue_as_new("works")
        if case == "fails":
            raise ApplicationError("lost")
        if case == "stumbles":
            raise RuntimeError("this fails the workflow task")
        if case == "waits":
            await workflow.wait_condition(lambda: self.is_sent)
        if case == "sleeps":
            await workflow.sleep(1000)
        for call in (workflow.execute_activity, workflow.execute_local_activity):
            for box in ("good", "bad"):
                try:
                    await call(pack, box, start_to_close_timeout=10 * SECOND)
                except FailureError:
                    pass
        hanging = workflow.start_local_activity(hang, start_to_close_timeout=10 * SECOND)
        # It has begun by the end of one that began later.
        await workflow.execute_local_activity(pack, "good", start_to_close_timeout=10 * SECOND)
        hanging.cancel()
        try:
            await hanging
        except FailureError:
            pass


async def run(client: Client, queue: str) -> None:
    async def start(case: str):
        return await client.start_workflow(Parcel.run, case, id=f"{queue}-{case}", task_queue=queue)

    for case in ("works", "continues"):
        await (await start(case)).result()
    waits = await start("waits")
    await waits.query(Parcel.sent)
    sleeps = await start("sleeps")
    await sleeps.query(Parcel.sent)
    await waits.signal(Parcel.send)
    await waits.result()
    await sleeps.cancel()
    for handle in (sleeps, await start("fails")):
        try:
            await handle.result()
        except WorkflowFailureError:
            pass
    await start("stumbles")
    try:
        await client.get_workflow_handle(f"{queue}-nobody").describe()
    except RPCError:
        pass


async def main(address: str, queue: str, *names: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics = PrometheusConfig(bind_address=f"127.0.0.1:{port}")
    runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics))
    client = await Client.connect(address, runtime=runtime)
    tuner = None
    if "METRICS_SLOTS" in os.environ:
        tuner = WorkerTuner.create_resource_based(target_memory_usage=0.9, target_cpu_usage=0.9)
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Parcel],
        activities=[pack, hang],
        max_cached_workflows=1,
        tuner=tuner,
    )

    def scrape() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
            return response.read().decode()

    async with worker:
        await run(client, queue)
        text = ""
        for _ in range(600):
            text = await asyncio.to_thread(scrape)
            if all(f"# TYPE {name} " in text for name in names):
                break
            await asyncio.sleep(0.1)
        await client.get_workflow_handle(f"{queue}-stumbles").terminate()
    print(text)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
