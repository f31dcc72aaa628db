"""`Lookup`: finds results in the cache, claims what is to be computed, and keeps it: for calls and for frames."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from studio.api import NodeType
from studio.api.node_type import SUBGRAPH, SUBGRAPH_VALUES
from studio.cache import MISSING, Action, MadeParts, shorten_notes
from studio.errors import StudioError
from studio.execution.call import Call, LostValue, Result
from studio.execution.digests import find_undigested
from studio.execution.fingerprint import name_inputs
from studio.execution.options import CacheMode, RunOptions
from studio.execution.position import find_call_parts
from studio.execution.run_records import RunRecords
from studio.execution.services import Services
from studio.execution.shown_inputs import show_inputs
from studio.execution.values import Values


class Claim(Enum):
    """Who computes a fingerprint: the call that asked, another call in this process, or another process."""

    OURS = "ours"
    IN_THIS_PROCESS = "in this process"
    ELSEWHERE = "elsewhere"


OURS, IN_THIS_PROCESS, ELSEWHERE = Claim


class Lookup:
    """Finds, claims and keeps results.

    Args:
        services: Cache, digests and fingerprints.
        values: The values of the run.
        options: What the run asks of the cache.

    Attributes:
        records: What earlier runs of the same plans looked for.
    """

    def __init__(self, services: Services, values: Values, options: RunOptions) -> None:
        self.records = RunRecords(services, options)
        self._cache = services.cache
        self._digests = services.digests
        self._fingerprints = services.fingerprints
        self._origins = services.origins
        self._values = values
        self._mode = options.cache
        self._guard = threading.Lock()

    # -- calls and frames ------------------------------------------------------------------------------

    def is_looked_up(self, node_type: NodeType) -> bool:
        """Return whether the run looks results of a node type up."""
        return self._mode is CacheMode.USE and node_type.cache == "pure"

    def is_kept(self, node_type: NodeType) -> bool:
        """Return whether the run keeps results of a node type."""
        return self._mode is not CacheMode.OFF and node_type.cache != "never"

    def compute_fingerprint(self, node_type: NodeType, digests: Mapping[str, str]) -> str | None:
        """Return the fingerprint of a result, or None if an input has no digest."""
        return self._fingerprints.find(node_type, digests)

    def find_action(self, node_type: NodeType, fingerprint: str, *, local: bool = False) -> Action | None:
        """Return what the cache knows of a result; with `local`, caches of other machines are not asked."""
        action = self._cache.find(fingerprint, local=local, fetch_runs=self.records.fetch)
        if action is None or action.outputs.keys() != node_type.outputs.keys():
            return None  # an author who changes outputs without raising `version` gets them made again
        return action

    def _find_parts(
        self, node_type: NodeType, digests: Mapping[str, str], more: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Return what a fingerprint is made of and more parts to keep with it; the cache is on disk."""
        assert self._cache.disk is not None
        shared = self._fingerprints.find_shared_parts(node_type)
        self._origins.keep_listings(node_type, shared.values, self._cache.disk.listings)
        return MadeParts(shared, {**name_inputs(digests), **more})

    # -- calls -----------------------------------------------------------------------------------------

    def find_digests(self, call: Call) -> dict[str, str]:
        """Return the digests of a call's inputs that count."""
        inputs = call.node_type.inputs
        defaults = self._digests.find_defaults(call.node_type, call.args)
        digests = {
            name: digest for name, (digest, _) in defaults.items() if not (inputs[name].unkeyed or inputs[name].added)
        }
        for name, result in call.args.items():
            end = inputs[name]
            if not (end.unkeyed or (end.added and name in defaults and result.digest == defaults[name][0])):
                digests[name] = result.digest
        is_placed = call.state.node.stream or call.node_type.uses_frame
        return digests | find_call_parts(call) if is_placed else digests

    def find_fingerprint(self, call: Call) -> str | None:
        """Return a call's fingerprint, or None if an input has no digest."""
        if self._values.drifted:
            for result in call.args.values():
                result.refresh_digest()
        call.digests = self.find_digests(call)
        return self.compute_fingerprint(call.node_type, call.digests)

    def is_expected_to_run(self, call: Call, fingerprint: str) -> bool:
        """Return whether a call's result is seldom on disk, for an input was made just now.

        It is then looked up only once it is claimed.
        """
        if call.remaking or self._cache.knows(fingerprint):
            return False
        for arg in call.args.values():  # noqa: SIM110  # several times as fast as any() here
            if arg.call is not None and arg.call.ran:
                return True
        return False

    def find_results(self, call: Call, fingerprint: str) -> tuple[dict[str, Result], tuple[str, ...]] | None:
        """Return what the cache knows of a call: its results, and the lines that it logged when it ran.

        A call that is made again is found only with the values of its results.
        """
        action = self.find_action(call.node_type, fingerprint)
        if action is None or not self._models_are_current(call, action):
            return None
        found = {name: Result(digest, call=call) for name, digest in action.outputs.items()}
        try:
            if call.remaking:
                for result in found.values():
                    self._values.load(result)
            elif call.node_type.expands:
                self._values.load(found[SUBGRAPH])
                self._values.split(found[SUBGRAPH_VALUES])
        except LostValue:
            return None
        return found, action.notes

    def _models_are_current(self, call: Call, action: Action) -> bool:
        """Return whether the weights that a call's outputs name are those that they named when it ran."""
        for name, spec in call.state.node.outputs.items():
            if spec.name != "model":
                continue
            value = self._cache.load(action.outputs[name])
            try:
                if value is not MISSING and self._digests.digest(value) != action.outputs[name]:
                    return False
            except StudioError:  # they are gone
                return False
        return True

    def claim(self, call: Call, fingerprint: str, on_landing: Callable[[], None]) -> Claim:
        """Claim a fingerprint for a call, which then has to `keep` or `release` it.

        Args:
            call: The call.
            fingerprint: Its fingerprint.
            on_landing: Called, perhaps from a thread of another run, once another call of this process is done.
        """
        if not call.claimed:
            if not self._cache.claim(fingerprint, on_landing):
                return IN_THIS_PROCESS
            call.claimed = True
        return OURS if self._cache.try_lock(fingerprint) else ELSEWHERE

    def release(self, call: Call) -> None:
        """Release a call's claim, if it has one, without a result."""
        if call.claimed and self._take_claim(call) and call.fingerprint is not None:
            self._cache.release(call.fingerprint)

    def keep(self, call: Call, results: Mapping[str, Result]) -> None:
        """Keep what a call made, if it has a name, and release its claim."""
        node_type, outputs = call.node_type, {name: result.digest for name, result in results.items()}
        if call.fingerprint is None or not self.is_kept(node_type) or find_undigested(outputs.values()):
            self.release(call)
            return
        if changed := self._origins.find_changed(node_type):
            self.release(call)
            if call.context is not None:
                call.context.report(f"its result is not kept: {changed[0]} changed while it ran")
            return
        parts: Mapping[str, str] = {}
        if self._cache.disk is not None:
            parts = self._find_parts(node_type, call.digests, show_inputs(call))
        notes = shorten_notes(call.context.notes) if call.context is not None else ()
        action = Action(call.fingerprint, node_type.id, outputs, parts, call.seconds, notes=notes)
        values = {result.digest: result.value for result in results.values() if not result.lazy}
        local = len(values) < len(outputs)  # other machines cannot use a lazy video
        self._cache.record(action, values, claimed=self._take_claim(call), local=local)

    def _take_claim(self, call: Call) -> bool:
        with self._guard:
            claimed, call.claimed = call.claimed, False
        return claimed

    # -- frames of videos ------------------------------------------------------------------------------

    def find_frame(self, node_type: NodeType, fingerprint: str) -> tuple[Action, dict[str, Any]] | None:
        """Return what the cache has of a frame, with its values, or None."""
        action = self.find_action(node_type, fingerprint, local=True)
        if action is None:
            return None
        found = {name: self._cache.load(digest) for name, digest in action.outputs.items()}
        return None if any(value is MISSING for value in found.values()) else (action, found)

    def keep_frame(
        self,
        node_type: NodeType,
        fingerprint: str,
        digests: Mapping[str, str],
        values: Mapping[str, Any],
        create_marks: Callable[[list[str]], Mapping[str, str]],
    ) -> list[str] | None:
        """Keep a frame for the time until its video is whole.

        Args:
            node_type: What made it.
            fingerprint: Its name.
            digests: Digests of the inputs that count.
            values: Its values by output.
            create_marks: Given the digests of new values, returns further parts to keep with it.

        Returns:
            The digests of new values, or None if one has no digest.
        """
        outputs = {name: self._digests.digest(value) for name, value in values.items()}
        if find_undigested(outputs.values()) or self._origins.find_changed(node_type):
            return None
        new = self._cache.find_new(outputs.values())
        marks = create_marks(new)
        parts = self._find_parts(node_type, digests, marks) if self._cache.disk is not None else marks
        action = Action(fingerprint, node_type.id, outputs, parts)
        self._cache.record(action, {outputs[name]: value for name, value in values.items()}, local=True)
        return new

    def forget_frames(self, fingerprints: set[str], blobs: set[str]) -> None:
        """Drop frames, and values that were new with them, once their video is kept as a whole."""
        if fingerprints:
            self._cache.discard(fingerprints, blobs)
