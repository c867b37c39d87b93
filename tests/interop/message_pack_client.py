"""A client whose payload converter writes and reads MessagePack, as much of it as the test needs.

Usage: message_pack_client.py HOST:PORT TASK_QUEUE
"""

import asyncio
import dataclasses
import os
import sys
import uuid

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
)


def packed(value) -> bytes:
    if isinstance(value, int):
        return bytes([value])
    if isinstance(value, str):
        return bytes([0xA0 | len(value)]) + value.encode()
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(packed(item) for item in value)
    pairs = b"".join(packed(name) + packed(item) for name, item in value.items())
    return bytes([0x80 | len(value)]) + pairs


def unpacked(data: bytes):
    kind, rest = data[0], data[1:]
    if kind < 0x80:
        return kind, rest
    length = kind & 0x0F
    if kind & 0xE0 == 0xA0:
        length = kind & 0x1F
        return rest[:length].decode(), rest[length:]
    values = []
    for _ in range(length if kind & 0xF0 == 0x90 else 2 * length):
        value, rest = unpacked(rest)
        values.append(value)
    if kind & 0xF0 == 0x90:
        return values, rest
    return dict(zip(values[::2], values[1::2])), rest


class MessagePack(EncodingPayloadConverter):
    @property
    def encoding(self) -> str:
        return "binary/msgpack"

    def to_payload(self, value):
        return Payload(
            metadata={"encoding": self.encoding.encode()}, data=packed(value)
        )

    def from_payload(self, payload, type_hint=None):
        value, rest = unpacked(payload.data)
        assert not rest, payload
        return value


class Converters(CompositePayloadConverter):
    def __init__(self) -> None:
        null, plain = list(DefaultPayloadConverter().converters.values())[:2]
        super().__init__(null, plain, MessagePack())


async def main(address: str, queue: str) -> None:
    converter = dataclasses.replace(
        DataConverter.default, payload_converter_class=Converters
    )
    client = await Client.connect(address, data_converter=converter)
    station = await client.start_workflow(
        "station",
        args=[0, [{"sensor": "roof", "degrees": 20}]],
        id=f"station-{uuid.uuid4()}",
        task_queue=queue,
    )
    corrected = await station.execute_update("correct", 3)
    assert corrected == 3, corrected
    last = await station.query("last")
    assert last == {"sensor": "roof", "degrees": 20}, last
    await station.signal("read", {"sensor": "attic", "degrees": 30})
    warmest = await station.result()
    assert warmest == {"sensor": "attic", "degrees": 30}, warmest


asyncio.run(main(*sys.argv[1:]))
# Threads of the SDK may crash an interpreter that ends while they run.
os._exit(0)
