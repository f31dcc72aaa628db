"""Lines of the server's log: text for people, or JSON for a collector."""

from __future__ import annotations

import logging
import time
from typing import Literal

from studio.redaction import redact
from studio.surrogates import dump_json

LogFormat = Literal["text", "json"]
_FIELDS = ("job", "state", "seconds", "graph", "who", "reused", "code")


def log_to(stream_handler: logging.Handler, log_format: LogFormat) -> None:
    """Write what the server logs to a handler, and nothing twice."""
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    stream_handler.setFormatter(_JsonFormatter() if log_format == "json" else text)
    for name in ("studio.server", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [stream_handler]
        logger.propagate = False
        logger.setLevel(logging.INFO if name == "studio.server" else logging.WARNING)


class _JsonFormatter(logging.Formatter):
    """One JSON object for each line: time, level, message, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        row = {"time": f"{moment}.{int(record.msecs):03}Z", "level": record.levelname.lower()}
        row |= {"message": redact(record.getMessage())}
        row |= {name: record.__dict__[name] for name in _FIELDS if record.__dict__.get(name) is not None}
        if record.exc_info:
            row["details"] = redact(self.formatException(record.exc_info))
        return dump_json(row)
