"""A client of chat completions, as vLLM, llama.cpp, Ollama and hosted models serve them."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
from collections.abc import Sequence

import httpx2

from shared.errors import Unavailable

_MOST_BYTES = 64 << 10  # of a response
_MOST_TOKENS = 400  # of an answer

# httpx2 loads it with its first call, which would hold up pages for 80 ms
with contextlib.suppress(ImportError):
    importlib.import_module("anyio._backends._asyncio")


class ChatClient:
    """Asks one model. Settings of proxies in the environment are not read."""

    def __init__(self, url: str, model: str, key: str = "", timeout_seconds: float = 5.0) -> None:
        """`url` is the base, such as "http://localhost:8000/v1"; `key` is sent if there is one."""
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._timeout_seconds = timeout_seconds
        # Compressed bytes could be a thousand times as many
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._client = httpx2.AsyncClient(headers=headers, timeout=timeout_seconds, trust_env=False)

    async def complete(self, messages: Sequence[dict[str, str]]) -> str:
        """The model's answer. Raises Unavailable."""
        wanted = {
            "model": self._model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": _MOST_TOKENS,
            "response_format": {"type": "json_object"},
        }
        try:
            # A server that sends a byte now and then never exceeds the client's own limits
            async with asyncio.timeout(self._timeout_seconds):
                return _content(await self._posted(wanted))
        except TimeoutError:
            raise Unavailable(f"no answer within {self._timeout_seconds:g} s") from None
        except httpx2.HTTPError as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    async def _posted(self, wanted: dict[str, object]) -> bytes:
        async with self._client.stream("POST", self._url, json=wanted) as response:
            if response.status_code != httpx2.codes.OK:
                raise Unavailable(f"it answers with status {response.status_code}")
            received = bytearray()
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > _MOST_BYTES:
                    raise Unavailable(f"its response is longer than {_MOST_BYTES:,} bytes")
        return bytes(received)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _content(received: bytes) -> str:
    try:
        content = json.loads(received)["choices"][0]["message"]["content"]
    except (ValueError, RecursionError, LookupError, TypeError):
        raise Unavailable("its response is not a chat completion") from None
    if not isinstance(content, str):
        raise Unavailable("its response has no text")
    return content
