"""A client and a worker with the encryption codec of Temporal's Python samples, which durably's encryption speaks
with: AES-GCM, `binary/encrypted`, `encryption-key-id`, and failures with encoded attributes.

Usage: encryption.py HOST:PORT TASK_QUEUE client|worker
"""

import asyncio
import dataclasses
import os
import sys
import uuid
from collections.abc import Iterable
from datetime import timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

KEY = b"test-key-test-key-test-key-test!"
KEY_ID = b"test-key-id"
SECRET = "s3cret-4711"


class EncryptionCodec(PayloadCodec):
    def __init__(self) -> None:
        self.encryptor = AESGCM(KEY)

    async def encode(self, payloads: Iterable[Payload]) -> list[Payload]:
        return [
            Payload(
                metadata={"encoding": b"binary/encrypted", "encryption-key-id": KEY_ID},
                data=self.encrypt(payload.SerializeToString()),
            )
            for payload in payloads
        ]

    async def decode(self, payloads: Iterable[Payload]) -> list[Payload]:
        decoded = []
        for payload in payloads:
            # Everything is encrypted: nothing in this test comes without the codec.
            assert payload.metadata["encoding"] == b"binary/encrypted", payload
            assert payload.metadata["encryption-key-id"] == KEY_ID, payload
            decoded.append(Payload.FromString(self.decrypt(payload.data)))
        return decoded

    def encrypt(self, data: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self.encryptor.encrypt(nonce, data, None)

    def decrypt(self, data: bytes) -> bytes:
        return self.encryptor.decrypt(data[:12], data[12:], None)


@activity.defn(name="sign")
async def sign(text: str) -> str:
    if text.endswith("refused"):
        raise ApplicationError(
            f"{SECRET} of python", f"{SECRET} detail", type="Refused", non_retryable=True
        )
    return f"{text}, signed by python"


@workflow.defn(name="python-letter")
class Letter:
    def __init__(self) -> None:
        self.words: list[str] = []

    @workflow.run
    async def run(self, text: str) -> str:
        await workflow.wait_condition(lambda: bool(self.words))
        if text.endswith("lost"):
            raise ApplicationError(f"{SECRET} is lost", f"{SECRET} detail", type="Lost")
        # This activity is durably's.
        stamped = await workflow.execute_activity(
            "stamp",
            text,
            task_queue=f"{workflow.info().task_queue}-rust",
            start_to_close_timeout=timedelta(seconds=10),
            result_type=str,
        )
        return f"{stamped}, {self.words[0]}"

    @workflow.signal
    def say(self, word: str) -> None:
        self.words.append(word)

    @workflow.query
    def said(self) -> list[str]:
        return self.words

    @workflow.update
    async def change(self, word: str) -> str:
        if word.endswith("refused"):
            raise ApplicationError(f"{SECRET} of an update", type="Refused")
        return f"changed to {word}"


async def run_client(client: Client, queue: str) -> None:
    letter = await client.start_workflow(
        "rust-letter",
        f"{SECRET} from python",
        id=f"letter-{uuid.uuid4()}",
        task_queue=f"{queue}-rust",
        memo={"note": f"{SECRET} memo"},
        result_type=str,
    )
    changed = await letter.execute_update("change", f"{SECRET} update", result_type=str)
    assert changed == f"changed to {SECRET} update", changed
    await letter.signal("say", f"{SECRET} signal")
    said = await letter.query("said", result_type=list[str])
    assert said == [f"{SECRET} signal"], said
    result = await letter.result()
    expected = f"{SECRET} from python, signed by python, {SECRET} signal"
    assert result == expected, result
    description = await letter.describe()
    assert await description.memo() == {"note": f"{SECRET} memo"}

    lost = await client.start_workflow(
        "rust-letter",
        f"{SECRET} refused",
        id=f"letter-{uuid.uuid4()}",
        task_queue=f"{queue}-rust",
    )
    await lost.signal("say", f"{SECRET} signal")
    try:
        await lost.result()
        raise AssertionError("the workflow fails")
    except WorkflowFailureError as error:
        cause = error.cause
        assert isinstance(cause, ApplicationError), cause
        assert (cause.type, cause.message) == ("Lost", f"{SECRET} of rust"), cause
        assert list(cause.details) == [f"{SECRET} detail"], cause.details
        inner = cause.cause
        assert isinstance(inner, ActivityError), inner
        assert isinstance(inner.cause, ApplicationError), inner.cause
        assert inner.cause.message == f"{SECRET} of python", inner.cause
    print("read by python")


async def main() -> None:
    address, queue, role = sys.argv[1:]
    converter = dataclasses.replace(
        DataConverter.default,
        payload_codec=EncryptionCodec(),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
    client = await Client.connect(address, data_converter=converter)
    if role == "client":
        await run_client(client, queue)
        return
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Letter],
        activities=[sign],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
    # Threads of the SDK may crash an interpreter that ends while they run.
    os._exit(0)
