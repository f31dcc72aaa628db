"""`OutputWriter`: writes the outputs of a run to files that carry what made them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import TypeSpec, ValueType
from studio.errors import StudioError
from studio.execution.plan import Plan
from studio.graph import ResolvedGraph
from studio.provenance.collect import FindFile, collect_provenance
from studio.provenance.output_folder import OutputFolder
from studio.provenance.record import FileRecord
from studio.provenance.saved_files import find_saved_names


class OutputWriter:
    """Writes outputs.

    Args:
        value_types: The value types that are registered, by name.
        find_file: Returns a file that a graph read with its digest.
    """

    def __init__(self, value_types: Mapping[str, ValueType[Any]], find_file: FindFile) -> None:
        self._value_types = {value_type.python: value_type for value_type in value_types.values()}
        self._find_file = find_file

    def prepare(self, resolved: ResolvedGraph, values: Mapping[str, Any], plan: Plan, folder: OutputFolder) -> None:
        """Prepare for the files that nodes save while a plan runs.

        Args:
            resolved: The graph.
            values: The values of its inputs, as the caller gave them.
            plan: Its plan.
            folder: The folder to write to.
        """
        owners = find_saved_names(plan)
        if owners:
            folder.expect(owners, lambda: collect_provenance(resolved, values, folder.folder, self._find_file))

    def write(
        self,
        resolved: ResolvedGraph,
        values: Mapping[str, Any],
        outputs: Mapping[str, Any],
        types: Mapping[str, TypeSpec],
        folder: OutputFolder,
        run_id: str,
    ) -> tuple[list[FileRecord], list[StudioError]]:
        """Write outputs, and return the files, those that nodes saved too, and the errors of outputs that failed.

        Args:
            resolved: The graph.
            values: The values of its inputs, as the caller gave them.
            outputs: The values of the outputs, by name; None is not written.
            types: Types of the outputs, by name.
            folder: The folder to write to.
            run_id: Name of the run.
        """
        provenance = collect_provenance(resolved, values, folder.folder, self._find_file)
        fields = {"graph": resolved.graph.name, "run": run_id}
        files: list[FileRecord] = []
        errors: list[StudioError] = []
        for name, value in outputs.items():
            try:
                if value is not None and not folder.is_saved(name, value):
                    files += folder.write(name, value, types[name], self._value_types, provenance, fields)
            except StudioError as error:
                errors.append(error)
        return files + folder.list_saved(), errors
