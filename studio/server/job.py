"""`Job`: a run queued on the server, as its row says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_METADATA_BYTES = 1024
MOST_VALUES_BYTES = 2**20
LOWEST_PRIORITY, HIGHEST_PRIORITY = -100, 100

WEBHOOK_EVENTS = ("started", "ended")
"""Changes of a job that a webhook may hear of."""


class JobState(StrEnum):
    """Where a job stands; the values are stored."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_STATES = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class JobOutput:
    """One file of an output of a job.

    Attributes:
        output: The graph's output.
        index: Its place in an output that is a list of media.
        name: The name to save it by, such as "poster.png".
        digest: BLAKE3 of its bytes, in hex.
        bytes: Its size.
        loss: What the file does not keep of the value, or "".
        label: The name of the IPTC term for the source of its content, such as "humanEdits", or "".
        credentials: BLAKE3 of the file beside it that holds its content credentials, in hex; "" if there is none.
        credentials_bytes: The size of that file.
    """

    output: str
    index: int
    name: str
    digest: str
    bytes: int
    loss: str = ""
    label: str = ""
    credentials: str = ""
    credentials_bytes: int = 0


@dataclass(frozen=True)
class Webhook:
    """Where changes of a job are told.

    Attributes:
        url: The address.
        events: Which changes: "started", "ended".
        form: Whose form the messages have: "studio", or that of a face.
    """

    url: str
    events: Sequence[str] = ("ended",)
    form: str = "studio"


@dataclass(frozen=True)
class Submission:
    """What a client asks for, checked.

    Attributes:
        document: The graph document.
        graph: The name of a graph of the server; None for a document of the client's.
        values: Values of the graph's inputs as plain JSON, with files by digest.
        only: Names of the outputs to make; None for all.
        formats: Extensions of the files of outputs that have another than the default.
        priority: Higher runs first.
        metadata: The client's own notes, at most 1 KiB as JSON.
        files: Digests of the files that it reads, which are kept as long as the job.
        owner: Name of the token; "" for none.
        key: The idempotency key; None for none.
        request_digest: What names the request, for the same key.
        stack: Names what it can be stacked with; "" for nothing.
        models: Names the models that it uses; "" for none.
        webhook: Where its changes are told; None for nowhere.
    """

    document: Mapping[str, Any]
    graph: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    only: Sequence[str] | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[str] = ()
    owner: str = ""
    key: str | None = None
    request_digest: str = ""
    stack: str = ""
    models: str = ""
    webhook: Webhook | None = None


@dataclass(frozen=True)
class Job:
    """A job.

    Attributes:
        id: Its id.
        number: Its place among all jobs by the time it came.
        state: Where it stands.
        graph: The name of a graph of the server; None for a document of the client's.
        document_digest: Names its graph document.
        title: The graph's title.
        values: Values of the graph's inputs; None in a list of jobs if they are long.
        only: Names of the outputs to make; None for all.
        formats: Extensions of the files of outputs that have another than the default.
        priority: Higher runs first.
        claim: Number of the claim that runs it or ran it last; what an earlier one reports does not count.
        crashes: How often the server died while it ran, or failed to run it.
        is_cancelling: Whether it is to be cancelled.
        made: When it came, in seconds since 1970; so are the other times.
        started: When it began to run, or None.
        ended: When it ended, or None.
        expires: When it is forgotten, or None while it has not ended.
        owner: Name of the token; "" for none.
        metadata: The client's own notes.
        error: What ended it, or None.
        warnings: What stopped nothing.
        nodes: What became of each node, by id.
        reused: Whether everything came from the cache; None before it succeeded.
        stack: Names what it can be stacked with; "" for nothing.
        models: Names the models that it uses; "" for none.
        outputs: The files that it made.
    """

    id: str
    number: int
    state: JobState
    graph: str | None
    document_digest: str
    title: str
    values: Mapping[str, Any] | None
    only: Sequence[str] | None
    formats: Mapping[str, str]
    priority: int
    claim: int
    crashes: int
    is_cancelling: bool
    made: float
    started: float | None
    ended: float | None
    expires: float | None
    owner: str
    metadata: Mapping[str, Any]
    error: Mapping[str, Any] | None
    warnings: Sequence[str]
    nodes: Mapping[str, Any]
    reused: bool | None
    stack: str = ""
    models: str = ""
    outputs: Sequence[JobOutput] = ()


@dataclass(frozen=True)
class JobEnd:
    """What a run led to, for the job's row.

    Attributes:
        state: Succeeded, failed or cancelled.
        outputs: The files that were made.
        error: What ended it, or None.
        warnings: What stopped nothing.
        nodes: What became of each node, by id.
        reused: Whether everything came from the cache.
    """

    state: JobState
    outputs: Sequence[JobOutput] = ()
    error: Mapping[str, Any] | None = None
    warnings: Sequence[str] = ()
    nodes: Mapping[str, Any] = field(default_factory=dict)
    reused: bool | None = None
