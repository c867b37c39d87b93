"""Completes activities whose functions have ended: by token, and by ids.

Usage: async_completion_client.py HOST:PORT HOW WORKFLOW_ID ACTIVITY_ID TASK_TOKEN_IN_HEX
"""

import asyncio
import os
import sys

from temporalio.client import AsyncActivityCancelledError, Client
from temporalio.exceptions import ApplicationError


async def main() -> None:
    address, how, workflow_id, activity_id, token = sys.argv[1:]
    client = await Client.connect(address)
    if "by token" in how:
        activity = client.get_async_activity_handle(task_token=bytes.fromhex(token))
    else:
        activity = client.get_async_activity_handle(
            workflow_id=workflow_id, run_id=None, activity_id=activity_id
        )
    if "cancels" in how:
        while True:
            try:
                await activity.heartbeat("still busy")
            except AsyncActivityCancelledError:
                break
            await asyncio.sleep(0.02)
        await activity.report_cancellation("cleaned up")
        return
    await activity.heartbeat(7)
    if "fails" in how:
        error = ApplicationError("no approval", type="Refused", non_retryable=True)
        await activity.fail(error)
    else:
        await activity.complete(True)


if __name__ == "__main__":
    asyncio.run(main())
    # The SDK's threads sometimes crash an interpreter that ends right after a call.
    os._exit(0)
