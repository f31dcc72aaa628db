"""`EventLoop`: the asyncio event loop of an executor, on which calls of `async def` node types wait together."""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

from studio.errors import Cancelled
from studio.execution.context import RunContext

if TYPE_CHECKING:
    import asyncio

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 2.0


class EventLoop:
    """An event loop on a thread of its own. It begins with the first coroutine, and is replaced if one blocks it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, context: RunContext, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end, and return what it returns; the thread that calls waits meanwhile.

        Args:
            context: The context of the call. When it is cancelled or abandoned, the coroutine is cancelled.
            coroutine: What an `async def` function returned.

        Raises:
            Cancelled: The call is cancelled or abandoned.
            BaseException: Whatever the coroutine raises.
        """
        context.enter_loop()
        job = _Job(self._find_loop(), coroutine)
        while not job.wait(_POLL_SECONDS):
            if context.is_over:
                self._cancel(job)
                break
            if job.loop is not self._loop and job.revoke():  # it waits on a loop that is blocked
                job = _Job(self._find_loop(), coroutine)
        context.leave_loop()
        return job.find_result()

    def close(self) -> None:
        """End the loop and its thread."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    def _find_loop(self) -> asyncio.AbstractEventLoop:
        import asyncio

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), name="studio-loop", daemon=True).start()
            return self._loop

    def _cancel(self, job: _Job) -> None:
        """Cancel a coroutine; if it blocks its loop, have all that has not begun there use another."""
        job.cancel()
        if job.wait(_GRACE_SECONDS):
            return
        answered = threading.Event()
        job.loop.call_soon_threadsafe(answered.set)
        if not answered.wait(_GRACE_SECONDS):
            with self._lock:
                if self._loop is job.loop:
                    self._loop = None


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped, and then let what is left end."""
    import asyncio

    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
    finally:
        loop.close()


class _Job:
    """A coroutine on a loop of another thread.

    Attributes:
        loop: The loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.loop = loop
        self._lock = threading.Lock()
        self._is_revoked = False
        self._coroutine = coroutine
        self._future: Future[Any] = Future()
        self._task: asyncio.Task[None] | None = None
        loop.call_soon_threadsafe(self._begin)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; return whether it came."""
        return bool(wait([self._future], seconds).done)

    def cancel(self) -> None:
        """Cancel it at the point where it waits."""
        self.loop.call_soon_threadsafe(lambda: self._task.cancel() if self._task is not None else None)

    def revoke(self) -> bool:
        """Take it back from its loop; return False if it has begun there."""
        with self._lock:
            self._is_revoked = self._task is None
            return self._is_revoked

    def find_result(self) -> Any:
        """Return what the coroutine returned, or raise what it raised."""
        if not self._future.done():
            raise Cancelled  # it was told to end and did not
        return self._future.result()

    def _begin(self) -> None:
        with self._lock:
            if self._is_revoked:
                return
            self._task = self.loop.create_task(self._run())
            self._task.add_done_callback(self._end_unstarted)

    async def _run(self) -> None:
        try:
            result = await self._coroutine
        except BaseException as error:  # what is raised on the loop's thread would end it, and all that wait there
            self._future.set_exception(error)
        else:
            self._future.set_result(result)

    def _end_unstarted(self, task: asyncio.Task[None]) -> None:
        """End a coroutine that was cancelled before it began."""
        if not self._future.done():
            self._coroutine.close()
            self._future.set_exception(Cancelled())
