"""`OutputWriter`: writes the outputs of a run to files that carry what made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from studio.api import Model, TypeSpec, ValueType
from studio.api.content_origin import Content, find_source_type, read_content
from studio.api.origin import Provider
from studio.errors import RunError, StudioError
from studio.execution.content import NO_STEPS, Media, Step, Steps, UsedFile
from studio.execution.plan import Plan
from studio.graph import ResolvedGraph
from studio.graph.given import find_given_files
from studio.provenance.carried_text import CarriedText
from studio.provenance.collect import FindFile, collect_provenance, count_nodes, find_readable_files
from studio.provenance.credentials.claim import WrittenFile
from studio.provenance.credentials.signer import FileSigner
from studio.provenance.current_files import CurrentFiles, WrittenFiles
from studio.provenance.mark_records import MarkRecord
from studio.provenance.marking import Mark, Marking
from studio.provenance.output_folder import MeasureSignature, OutputFolder
from studio.provenance.record import FileRecord
from studio.provenance.saved_files import find_saved_names
from studio.provenance.weights_file import find_weights_file

_LONG_NAME = "studio-of-some-author-of-plugins"
_LONGEST_TERM = find_source_type(Content.ALTERED | Content.GIVEN)
_MARGIN = 1000  # bytes; for what only the finished run knows, such as an input of unknown source


class OutputWriter:
    """Writes outputs.

    Args:
        value_types: The value types that are registered, by name.
        find_file: Returns a file that a graph read with its digest.
        find_weights: Returns where weights are.
        providers: What provides each of the value types, by its name.
        written: What is known of files that earlier runs wrote.
        load_signer: Returns what signs files, or None if they are not signed.
        strips: Whether files carry neither the graph nor its values.
        load_marking: Returns what marks generated media, or None if they are not marked.
    """

    def __init__(
        self,
        value_types: Mapping[str, ValueType[Any]],
        find_file: FindFile,
        find_weights: Callable[[Model], Path],
        providers: Mapping[str, Provider] | None = None,
        written: WrittenFiles | None = None,
        load_signer: Callable[[], FileSigner | None] = lambda: None,
        strips: bool = False,
        load_marking: Callable[[], Marking | None] = lambda: None,
    ) -> None:
        self._find_weights = find_weights
        self._value_types = {value_type.python: value_type for value_type in value_types.values()}
        self._named = dict(value_types)
        self._find_file = find_file
        self._providers = dict(providers or {})
        self._written = written or WrittenFiles(None)
        self._load_signer = load_signer
        self._strips = strips
        self._load_marking = load_marking
        self._manifests: dict[Path, bytes] = {}  # of signed files that are being written

    @cached_property
    def marking(self) -> Marking | None:
        """What marks generated media, or None.

        Raises:
            StudioError: What a plugin raises that marks media; E206 or E212 if it fails.
        """
        return self._load_marking()

    @cached_property
    def signer(self) -> FileSigner | None:
        """What signs files, or None.

        Raises:
            UsageError: E770 to E774 if files are to be signed and cannot be.
        """
        return self._load_signer()

    def check_signer(self) -> None:
        """Load what signs and marks files, before anything runs.

        Raises:
            UsageError: E770 to E774 if files are to be signed and cannot be.
            StudioError: As `marking`.
        """
        _ = self.signer, self.marking

    def prepare(self, resolved: ResolvedGraph, values: Mapping[str, Any], plan: Plan, folder: OutputFolder) -> None:
        """Prepare for the files that nodes save while a plan runs.

        Args:
            resolved: The graph.
            values: The values of its inputs, as the caller gave them.
            plan: Its plan.
            folder: The folder to write to.

        Raises:
            UsageError: E770 to E774 if files are to be signed and cannot be.
        """
        self.check_signer()
        owners = find_saved_names(plan)
        if owners:
            measure = self._choose_measure(resolved, values) if self.signer is not None else None
            folder.expect(owners, lambda: self._collect(resolved, values, folder), measure)

    def _choose_measure(self, resolved: ResolvedGraph, values: Mapping[str, Any]) -> MeasureSignature:
        """Return what finds how many bytes the signature of a file that a node saves takes, at most.

        While a node runs it is not known what the file is made of: every node and every file of the graph counts.
        """

        @lru_cache(maxsize=1)
        def list_steps() -> Steps:
            files = find_readable_files(resolved, values, self._find_file)  # others cannot be ingredients either
            steps = [Step(name, _LONG_NAME, _LONG_NAME, "altered") for name in count_nodes(resolved).elements()]
            return Steps(tuple(steps), tuple(UsedFile(file, is_shown=True) for file in files))

        def measure(temporary: Path, path: Path, text: str) -> int:
            assert self.signer is not None
            written = WrittenFile(path.name, _LONGEST_TERM, list_steps(), text, self._strips)
            return self.signer.measure(temporary, path, written) + _MARGIN

        return measure

    def _collect(self, resolved: ResolvedGraph, values: Mapping[str, Any], folder: OutputFolder) -> CarriedText:
        place = resolved.graph.base if folder.is_apart else folder.folder
        return CarriedText(collect_provenance(resolved, values, place, self._find_file), strips=self._strips)

    def describe_read(self, resolved: ResolvedGraph, values: Mapping[str, Any], folder: OutputFolder) -> dict[str, Any]:
        """Return what a run read as its manifest records it: the graphs in the graph, and digests of files.

        Without it a manifest could name any file of whoever makes its files again.
        """
        try:
            provenance = collect_provenance(resolved, values, folder.folder, self._find_file)
        except StudioError:  # a file is gone since: its files cannot be made again
            return {"graphs": {}, "files": {}}
        return {"graphs": provenance["graphs"], "files": provenance["files"]}

    def describe_given(self, resolved: ResolvedGraph, values: Mapping[str, Any]) -> dict[str, str]:
        """Return digests of the files that a caller's values name, by absolute path, as ledgers record them."""
        known = resolved.graph.file_digests
        try:
            return {str(s.path): self._find_file(s, known).digest for s in find_given_files(resolved, values)}
        except StudioError:  # one is gone since: what was made of it cannot be made again
            return {}

    def find_current(
        self,
        resolved: ResolvedGraph,
        values: Mapping[str, Any],
        folder: OutputFolder,
        run_id: str,
        *,
        uses: bool = True,
    ) -> CurrentFiles:
        """Return what finds the files of a run's outputs that are there already.

        Args:
            resolved: The graph.
            values: The values of its inputs, as the caller gave them.
            folder: The folder to write to.
            run_id: Name of the run.
            uses: Whether what earlier runs wrote is used; if not, all files are written again.
        """

        @lru_cache(maxsize=1)
        def collect() -> CarriedText:
            return self._collect(resolved, values, folder)

        fields = {"graph": resolved.graph.name, "run": run_id}
        written = self._written if uses else WrittenFiles(None)
        signer = self.signer.key if self.signer is not None else ""
        marking = self.marking.key if self.marking is not None else ""
        return CurrentFiles(written, self._named, self._providers, folder, fields, collect, signer, marking)

    def write(
        self,
        resolved: ResolvedGraph,
        values: Mapping[str, Any],
        outputs: Mapping[str, Any],
        types: Mapping[str, TypeSpec],
        folder: OutputFolder,
        run_id: str,
        *,
        digests: Mapping[str, str] | None = None,
        content: Mapping[str, Sequence[Media]] | None = None,
        is_deep: Callable[[str], bool] = lambda name: False,
        current: CurrentFiles | None = None,
    ) -> tuple[list[FileRecord], list[StudioError]]:
        """Write outputs, and return the files, those that nodes saved too, and the errors of outputs that failed.

        Args:
            resolved: The graph.
            values: The values of its inputs, as the caller gave them.
            outputs: The values of the outputs, by name; None is not written.
            types: Types of the outputs, by name.
            folder: The folder to write to.
            run_id: Name of the run.
            digests: Digests of the outputs that have one.
            content: What each file of the outputs is made of, by output.
            is_deep: Returns whether an output comes from samples of more than 8 bits.
            current: What finds files that need not be written again; their outputs may be missing in `outputs`.
        """
        current = current or self.find_current(resolved, values, folder, run_id, uses=False)
        carried = current.collect()
        fields = {"graph": resolved.graph.name, "run": run_id}
        files: list[FileRecord] = []
        errors: list[StudioError] = []
        for name, spec in types.items():
            digest, value, media = (digests or {}).get(name, ""), outputs.get(name), (content or {}).get(name, ())
            try:
                if records := current.find(name, digest, spec, media):
                    folder.adopt(records)
                    files += records
                elif value is not None and not folder.is_saved(name, value):
                    value_types: Mapping[type, ValueType[Any]] = self._value_types
                    if (weights := find_weights_file(value, self._find_weights)) is not None:
                        value, value_types = weights
                    sign = self._sign if self.signer is not None else None
                    more: dict[str, Any] = {"sign": sign, "is_deep": is_deep(name)}
                    more |= {"mark": self.marking.mark, "keep": self._keep} if self.marking is not None else {}
                    records = folder.write(name, value, spec, value_types, carried, fields, media, **more)
                    files += records
                    current.keep(name, digest, spec, media, value, records)
            except StudioError as error:
                errors.append(error)
                self._manifests.clear()
        try:
            return files + folder.list_saved(self._choose_saved(outputs, content or {}, folder)), errors
        except StudioError as error:
            return files + folder.list_saved(), [*errors, error]

    def _sign(self, media: Media, text: str, mark: Mark, temporary: Path, path: Path) -> None:
        """Sign a file of an output."""
        assert self.signer is not None
        steps = media.find_steps() if media.find_steps is not None else NO_STEPS
        source_type = find_source_type(media.whole)
        written = WrittenFile(path.name, source_type, steps, text, self._strips, mark.number, mark.method)
        manifest = self.signer.sign(temporary, path, written)
        if mark.number:
            self._manifests[path] = manifest

    def _keep(self, file: FileRecord, text: str) -> None:
        """Keep what is known of a marked file of an output."""
        assert self.marking is not None
        manifest = self._manifests.pop(file.path, b"")
        self.marking.keep(MarkRecord(file.mark, file.path.name, file.digest, file.source_type, text, manifest))

    def _choose_saved(
        self, outputs: Mapping[str, Any], content: Mapping[str, Sequence[Media]], folder: OutputFolder
    ) -> Callable[[str, Path, str], None] | None:
        """Return what signs files that nodes saved, or None.

        What ran is followed only where the output is the saved file; the label of any is in the file itself.
        """
        signer = self.signer
        if signer is None:
            return None

        def sign(output: str, path: Path, text: str) -> None:
            media = content.get(output, ())
            follows = len(media) == 1 and folder.is_saved(output, outputs.get(output))
            find = media[0].find_steps if follows else None
            source_type = find_source_type(read_content(path))
            written = WrittenFile(path.name, source_type, find() if find is not None else NO_STEPS, text, self._strips)
            try:
                signer.sign(path, path, written)
            except OSError as error:
                message = f"cannot sign {path.name!r}: {error.strerror or error}"
                raise RunError("E312", message, where=str(path), hint="free space and run again") from None

        return sign
