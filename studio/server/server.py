"""`Server`: wires a server's parts, listens, and ends in an orderly way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import uvicorn

from studio.app import Studio
from studio.errors import RunError, UsageError
from studio.server.connections import Connection
from studio.server.default_files import DefaultFiles
from studio.server.file_store import FileStore
from studio.server.graph_history import GraphHistory
from studio.server.graph_list import GraphList
from studio.server.graph_run import RunGraph, create_run_here
from studio.server.job_executor import JobExecutor
from studio.server.job_file import JobFile, own_folder
from studio.server.job_logs import JobLogs
from studio.server.job_queue import JobQueue
from studio.server.job_run import JobRunner
from studio.server.job_store import JobStore
from studio.server.job_view import describe_job
from studio.server.job_window import JobWindow
from studio.server.job_worker import JobWorkers
from studio.server.media_view import MediaView
from studio.server.metrics import Metrics
from studio.server.parts import Parts, ServerOptions
from studio.server.routes.socket import MOST_MESSAGE_BYTES
from studio.server.submissions import Submissions
from studio.server.token_store import TokenStore
from studio.server.web_app import create_web_app, is_loopback
from studio.server.webhooks.address import WebhookGuard
from studio.server.webhooks.sender import WebhookSender
from studio.server.webhooks.store import WebhookStore

log = logging.getLogger("studio.server")

_SWITCH_SECONDS = 0.001  # requests and jobs share the interpreter: each waits less for the other than by default
_MOST_CONNECTIONS = 4000  # the guard refuses requests earlier, with an answer


class Server:
    """A server of one Studio.

    Args:
        studio: What runs graphs; it is the caller's to close.
        options: What is asked for.

    Raises:
        RunError: E800 if the folder cannot be used or another server has it, E821 if the address cannot be used.
        UsageError: E801 for an address that others reach while there is no token, E803 for a missing graphs folder.
    """

    def __init__(self, studio: Studio, options: ServerOptions) -> None:
        self.options = options
        self._studio = studio
        self._cleanup = ExitStack()
        self._parts: Parts | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._stop = False
        try:
            self._open()
        except BaseException:
            self._cleanup.close()
            raise

    def _open(self) -> None:
        options = self.options
        self._cleanup.enter_context(own_folder(options.data))
        self._file = JobFile(options.data)
        self._cleanup.callback(self._file.close)
        token_file = JobFile(options.data)  # its own connection: requests wait for no transaction of jobs
        self._cleanup.callback(token_file.close)
        self._tokens = TokenStore(token_file)
        if not is_loopback(options.host) and not self._tokens.has_any():
            message = f"{options.host!r} can be reached from other machines, and there is no token"
            raise UsageError("E801", message, hint="add one first: studio serve token add NAME")
        self._graphs = GraphList(self._studio, options.graph_folders, options.roots)
        if options.certificate is not None:
            check_certificate(options.certificate, options.private_key)
        self._socket = _listen(options.host, options.port) if options.port is not None else None
        if self._socket is not None:
            self._cleanup.callback(self._socket.close)

    @property
    def port(self) -> int:
        """The port that it listens at."""
        assert self._socket is not None
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where it answers."""
        host = self.options.host
        scheme = "http" if self.options.certificate is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop` is called.

        Args:
            on_ready: Called when requests are answered.
        """
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            asyncio.run(self._serve(on_ready))
        finally:
            sys.setswitchinterval(interval)
            self._cleanup.close()

    def run_with(self, face: Callable[[Parts], Awaitable[None]]) -> None:
        """Run jobs for one client that comes by another way than HTTP, until it has gone or `stop` is called.

        Args:
            face: Answers the client, until it has gone.
        """
        try:
            asyncio.run(self._run_with(face))
        finally:
            self._cleanup.close()

    def stop(self) -> None:
        """End: take no more jobs, let the running one end or queue it again, then close. Any thread may call it."""
        self._stop = True
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def _serve(self, on_ready: Callable[[], None]) -> None:
        _allow_open_files()
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        parts = self._parts = self._create_parts(self._loop)
        config = uvicorn.Config(
            create_web_app(parts),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            limit_concurrency=_MOST_CONNECTIONS,
            http=Connection,  # it limits headers; the other parser does not
            ws=_find_socket_protocol(),
            ws_max_size=MOST_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=64 * 1024,
            ssl_certfile=self.options.certificate,
            ssl_keyfile=self.options.private_key,
        )
        server = _QuietServer(config)
        self._start_webhooks(parts)
        parts.executor.start()
        task = asyncio.create_task(server.serve(sockets=[self._socket] if self._socket is not None else None))
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        on_ready()
        if not self._stop:
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait({stopping, task}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        parts.start_draining()
        await asyncio.to_thread(parts.executor.close, self.options.grace_seconds)
        parts.close()
        server.should_exit = True
        await task

    async def _run_with(self, face: Callable[[Parts], Awaitable[None]]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        parts = self._parts = self._create_parts(self._loop)
        parts.executor.start()
        answering = asyncio.ensure_future(face(parts))
        stopping = asyncio.create_task(self._stopping.wait())
        if not self._stop:
            await asyncio.wait({stopping, answering}, return_when=asyncio.FIRST_COMPLETED)
        parts.start_draining()
        stopping.cancel()
        answering.cancel()
        await asyncio.wait({answering})
        await asyncio.to_thread(parts.executor.close, self.options.grace_seconds)
        parts.close()
        if not answering.cancelled():
            answering.result()

    def _create_parts(self, loop: asyncio.AbstractEventLoop) -> Parts:
        options, studio = self.options, self._studio
        store = JobStore(self._file, keep_seconds=options.keep_seconds, most_queued=options.most_queued)
        files = FileStore(
            options.data.absolute() / "files",
            self._file,
            keep_seconds=options.keep_seconds,
            most_bytes=options.most_stored_bytes,
            find_limits=self._tokens.find_limits,
        )
        outputs = options.data.absolute() / "outputs"
        logs = JobLogs(loop)
        metrics = Metrics()
        run_graph, close = self._find_runners(metrics)
        runner = JobRunner(run_graph, self._graphs, files, outputs, metrics.show, close)
        queue = JobQueue(store, logs)
        media = MediaView(files, options.data.absolute() / "previews", studio.settings.media)
        files.count_more = media.count_bytes
        executor = JobExecutor(
            store,
            queue,
            files,
            runner,
            JobWindow(options.most_stacked, max(1, options.workers)),
            outputs,
            keep_seconds=options.keep_seconds,
            most_seconds=options.most_seconds,
            on_end=metrics.show_job,
            on_sweep=media.forget_unused,
        )
        submissions = Submissions(studio, self._graphs, files)
        shown = (media, GraphHistory(self._file), DefaultFiles(files))
        run = (submissions, executor, logs)
        own = (options, studio, self._file, store, queue, files, self._tokens, self._graphs)
        hooks = (WebhookStore(self._file), WebhookGuard(options.webhook_hosts))
        return Parts(*own, *run, *shown, metrics, *hooks)

    def _find_runners(self, metrics: Metrics) -> tuple[RunGraph, Callable[[], None]]:
        """Return what runs graphs of jobs, and what ends it: this process, or workers."""
        count = self.options.workers
        if not count:
            return create_run_here(self._studio), lambda: None
        workers = JobWorkers(self._studio.settings, count, self.options.data.absolute() / "logs")
        metrics.list_worker_memory = workers.list_device_memory
        return workers.run, workers.close

    def _start_webhooks(self, parts: Parts) -> None:
        sender = WebhookSender(
            parts.webhooks,
            parts.webhook_guard,
            parts.logs,
            lambda job: describe_job(parts, job, with_nodes=False),
            parts.webhook_forms,
            self.options.webhook_delays,
        )
        sender.start()
        parts.on_close.append(sender.close)


def _find_socket_protocol() -> Any:
    """Return what speaks WebSocket; "none" if that is not installed."""
    if find_spec("websockets") is None:
        return "none"
    from studio.server.socket_connections import SocketConnection

    return SocketConnection


class _QuietServer(uvicorn.Server):
    """A uvicorn server that leaves signals to the command."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signals."""
        yield


def check_certificate(certificate: Path, private_key: Path | None) -> None:
    """Refuse files that are no certificate with its key.

    Raises:
        RunError: E825.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, private_key)
    except (OSError, ssl.SSLError) as error:
        reason = (error.strerror or str(error)).lower()
        hint = "name PEM files with --tls-cert and --tls-key; the key has no password"
        raise RunError("E825", f"cannot use the certificate: {reason}", where=str(certificate), hint=hint) from None


def _allow_open_files() -> None:
    """Let this process open as many files as the system allows it: each connection is one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        RunError: E821 if the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches off Nagle only for sockets that say TCP; without that an answer takes 40 ms more
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        hint = "choose another with --host or --port; --port 0 takes a free one"
        raise RunError("E821", f"cannot listen at {host}:{port}: {reason.lower()}", hint=hint) from None
    return listener
