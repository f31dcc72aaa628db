"""`JobWindow`: which jobs run beside each other, and which come next."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.server.job import Job

LOOKAHEAD = 64
"""Among so many jobs of the highest priority, one that fits those that run is preferred."""

_MOST_OVERTAKING = 64
"""So many jobs in a row may run before the one that is first."""


@dataclass(frozen=True)
class Preference:
    """What the next job is to have in common with others.

    Attributes:
        stack: It must have this stack; "" for any.
        models: It is preferred if it uses these models; "" for no preference.
    """

    stack: str = ""
    models: str = ""


ANY_JOB = Preference()


@dataclass
class _Place:
    """Where the jobs of one stack run.

    Attributes:
        running: The jobs that run there, by id.
        last_models: Models of the last job that began there.
    """

    running: dict[str, Job] = field(default_factory=dict)
    last_models: str = ""


class JobWindow:
    """The jobs that run: at each place one job, or several whose nodes can be stacked.

    Args:
        most_stacked: How many jobs of one stack run at a place; 1 for one job after the other.
        places: How many places there are: this process is one, and so is each worker process.
    """

    def __init__(self, most_stacked: int, places: int = 1) -> None:
        self._most_stacked = most_stacked
        self._places = [_Place() for _ in range(places)]
        self._overtaking = 0

    @property
    def most(self) -> int:
        """How many jobs may run."""
        return self._most_stacked * len(self._places)

    @property
    def places(self) -> range:
        """The numbers of the places."""
        return range(len(self._places))

    def find_preference(self, number: int = 0) -> Preference | None:
        """Return what the next job of a place must or should have; None if no further job may begin there now."""
        place = self._places[number]
        if len(place.running) >= self._most_stacked:
            return None
        is_spent = self._overtaking >= _MOST_OVERTAKING
        if not place.running:
            return Preference(models="" if is_spent else place.last_models)
        stack = next(iter(place.running.values())).stack
        if not stack or is_spent or len(place.running) * 4 > self._most_stacked * 3:
            return None
        return Preference(stack)

    def add(self, job: Job, *, is_first: bool, number: int = 0) -> None:
        """Take in a job that begins at a place; `is_first` says whether it overtook none."""
        self._places[number].running[job.id] = job
        self._places[number].last_models = job.models
        self._overtaking = 0 if is_first else self._overtaking + 1

    def remove(self, job: Job) -> None:
        """Take out a job that ended."""
        for place in self._places:
            place.running.pop(job.id, None)

    def __len__(self) -> int:
        return sum(len(place.running) for place in self._places)
