"""What both alternatives' servers share: the request, refusals, the pool, the collector."""

import gc
import os
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field


class Line(BaseModel):
    """One wanted drink."""

    model_config = ConfigDict(extra="forbid", strict=True)
    product_id: Annotated[uuid.UUID, Field(strict=False)]
    quantity: Annotated[int, Field(ge=1, le=100)]
    note: Annotated[str, Field(max_length=280)] = ""


class NewOrder(BaseModel):
    """The body of an order."""

    model_config = ConfigDict(extra="forbid")
    lines: Annotated[list[Line], Field(min_length=1, max_length=50)]


class Refusal(Exception):
    """Answers with a problem instead of an order."""

    def __init__(self, status: int, code: str, **more: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"status": status, "code": code} | more


def pooled_app() -> FastAPI:
    """An application with `state.pool` and answers for refusals. Takes BENCH_DSN and BENCH_POOL
    (connections of this worker) from the environment."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        size = int(os.environ["BENCH_POOL"])
        pool = await asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=size, max_size=size)
        app.state.pool = pool
        # The same tuning of the collector that BiteByte's nodes have.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        yield
        await pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(Refusal)
    async def refused(_request: Request, refusal: Refusal) -> JSONResponse:
        return JSONResponse(refusal.body, refusal.status, media_type="application/problem+json")

    return app


def uuid7() -> uuid.UUID:
    """Time-ordered (RFC 9562, section 5.7), so that the primary key's index grows at its end."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    return uuid.UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62))
