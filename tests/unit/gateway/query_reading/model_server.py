"""A server of chat completions in the process of the test, spoken to over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

LAMPS = {"words": "lamp", "where": "brands:Lux AND price:..50"}


def completion(answer: object) -> bytes:
    """The body of a response with an answer."""
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


def response(body: bytes, status: str = "200 OK", header: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{header}\r\n".encode() + body


@dataclass
class ModelServer:
    """Sends `answer`, once it may."""

    answer: bytes = response(completion(LAMPS))
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    headers: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    # Takes the place of the answer
    send: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def queries(self) -> list[str]:
        return [json.loads(asked["messages"][-1]["content"])["query"] for asked in self.asked]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                length = next(
                    int(line[15:]) for line in head.lower().split("\r\n") if "content-length" in line
                )
                self.headers.append(head)
                self.asked.append(json.loads(await reader.readexactly(length)))
                await self._respond(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _respond(self, writer: asyncio.StreamWriter) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.may_answer.wait()
            if self.send:
                await self.send(writer)
            else:
                writer.write(self.answer)
                await writer.drain()
        finally:
            self.running -= 1


@asynccontextmanager
async def serving() -> AsyncIterator[ModelServer]:
    """A server that answers at once."""
    model = ModelServer()
    model.may_answer.set()
    connections = set[asyncio.Task[None]]()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(model.serve(reader, writer))
        connections.add(task)
        await asyncio.wait([task])

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    model.port = server.sockets[0].getsockname()[1]
    try:
        yield model
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
