"""`Parts`: what the routes of a server work with, wired once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection, Request

from studio.app import Studio
from studio.errors import UsageError
from studio.server.default_files import DefaultFiles
from studio.server.file_store import FileStore
from studio.server.graph_history import GraphHistory
from studio.server.graph_list import READY_FOLDER, GraphList
from studio.server.job import Job
from studio.server.job_executor import JobExecutor
from studio.server.job_file import JobFile
from studio.server.job_logs import JobLogs
from studio.server.job_queue import JobQueue
from studio.server.job_store import JobStore
from studio.server.media_view import MediaView
from studio.server.metrics import Metrics
from studio.server.submissions import Submissions
from studio.server.token_store import Scope, Token, TokenLimits, TokenStore
from studio.server.webhooks.address import WebhookGuard
from studio.server.webhooks.sender import DELAYS
from studio.server.webhooks.store import WebhookStore


@dataclass(frozen=True)
class ServerOptions:
    """What `studio serve` was asked for.

    Attributes:
        data: The server's folder: jobs, files, tokens.
        graphs: The folder of the graphs that have names; None for none but the included ones.
        with_ready_graphs: Whether the included graphs have names too; None if there is no folder of others.
        roots: Folders that these graphs may read besides their own.
        host: Address to listen at.
        port: Port to listen at; 0 for a free one, None for none.
        allowed_hosts: Names besides those of loopback that `Host` may have.
        keep_seconds: How long ended jobs and unused files are kept.
        grace_seconds: How long the job that runs may take to end when the server is to end.
        most_queued: How many jobs may wait.
        most_file_bytes: The size of the largest upload.
        webhook_hosts: Names of hosts, addresses and networks that webhooks may have besides public ones.
        webhook_delays: Seconds between the attempts of a webhook's message.
        models: Other names for graphs, by which clients of OpenAI's API know them.
        most_seconds: How long a job may run; 0 for no limit.
        most_stored_bytes: How many bytes of files are kept; 0 for no limit.
        most_stacked: How many jobs whose nodes can be stacked run beside each other.
        workers: How many worker processes run jobs; 0 to run them in this process.
        certificate: File of a certificate with its chain, in PEM, for HTTPS; None for HTTP.
        private_key: File of its key; None if it is in the same file.
    """

    data: Path
    graphs: Path | None = None
    with_ready_graphs: bool | None = None
    roots: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int | None = 8765
    allowed_hosts: tuple[str, ...] = ()
    keep_seconds: float = 7 * 86400.0
    grace_seconds: float = 30.0
    most_queued: int = 100_000
    most_file_bytes: int = 4 * 2**30
    webhook_hosts: tuple[str, ...] = ()
    webhook_delays: tuple[float, ...] = DELAYS
    models: Mapping[str, str] = field(default_factory=dict)
    most_seconds: float = 86400.0
    most_stored_bytes: int = 0
    most_stacked: int = 8
    workers: int = 0
    certificate: Path | None = None
    private_key: Path | None = None

    @property
    def graph_folders(self) -> tuple[Path, ...]:
        """The folders of the graphs that have names."""
        own = () if self.graphs is None else (self.graphs,)
        is_ready = self.graphs is None if self.with_ready_graphs is None else self.with_ready_graphs
        return (*own, READY_FOLDER) if is_ready else own


@dataclass
class Parts:
    """What the routes of a server work with.

    Attributes:
        is_draining: Whether the server is about to end and takes no more jobs.
        webhook_forms: What writes the messages of faces, of an event and a job, by the form's name.
        on_close: Called when the server ends, after its last job.
    """

    options: ServerOptions
    studio: Studio
    file: JobFile
    store: JobStore
    queue: JobQueue
    files: FileStore
    tokens: TokenStore
    graphs: GraphList
    submissions: Submissions
    executor: JobExecutor
    logs: JobLogs
    media: MediaView
    history: GraphHistory
    defaults: DefaultFiles
    metrics: Metrics
    webhooks: WebhookStore
    webhook_guard: WebhookGuard
    is_draining: bool = False
    webhook_forms: dict[str, Callable[[str, Job], Mapping[str, Any]]] = field(default_factory=dict)
    on_close: list[Callable[[], None]] = field(default_factory=list)

    def start_draining(self) -> None:
        """Take no more jobs, and tell all who watch."""
        self.is_draining = True
        self.logs.all_jobs.add("server", {"draining": True}, None)

    def check_open(self) -> None:
        """Refuse new work while the server ends.

        Raises:
            UsageError: E818.
        """
        if self.is_draining:
            raise UsageError("E818", "the server is stopping", hint="send it again in a moment, or to another server")

    def close(self) -> None:
        """Let all that follows jobs end."""
        for close in self.on_close:
            close()
        self.logs.close()

    def cancel_job(self, job_id: str) -> Job:
        """Cancel a job, queued or running.

        Raises:
            UsageError: E811 if it is unknown, E813 if it has ended.
        """
        job = self.queue.cancel(job_id)
        if job.is_cancelling:
            self.executor.stop_run(job_id)
        return job

    def find_limits(self, request: HTTPConnection) -> TokenLimits:
        """Return what the token of a request may use; without a token that is everything."""
        token = find_token(request)
        return token.limits if token is not None else TokenLimits()

    def check_quota(self, request: Request, more_bytes: int = 0) -> None:
        """Refuse new jobs and files of a token whose files take all that they may.

        Args:
            request: The request.
            more_bytes: How many bytes are to be added.

        Raises:
            UsageError: E824.
        """
        limits, owner = self.find_limits(request), name_owner(request)
        if limits.most_bytes is not None:
            limits.check_bytes(owner, self.files.count_bytes(owner) + more_bytes)

    def find_job(self, request: HTTPConnection, job_id: str) -> Job:
        """Return a job that the token of a request may see.

        Raises:
            UsageError: E811 if there is none.
        """
        job = self.store.find(job_id)
        owner = find_owner(request)
        if owner is not None and job.owner != owner:
            raise UsageError("E811", f"unknown job {job_id[:80]!r}", hint="GET /api/v1/jobs lists the jobs")
        return job


def find_token(request: HTTPConnection) -> Token | None:
    """Return the token of a request, or None."""
    token: Token | None = request.scope.get("state", {}).get("token")
    return token


def is_reader(request: HTTPConnection) -> bool:
    """Return whether a request has a token that may only read."""
    token = find_token(request)
    return token is not None and token.scope is Scope.READ


def find_owner(request: HTTPConnection) -> str | None:
    """Return whose jobs a request may see; None for those of all."""
    token = find_token(request)
    return token.name if token is not None and token.scope is Scope.RUN else None


def name_owner(request: HTTPConnection) -> str:
    """Return the name that jobs of a request are known by."""
    token = find_token(request)
    return token.name if token is not None else ""
