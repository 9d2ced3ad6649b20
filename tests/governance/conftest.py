"""Calls of the client, which runs on asyncio."""

from __future__ import annotations

from tests.boxes import anyio_backend

__all__ = ["anyio_backend"]
