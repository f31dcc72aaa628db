"""Graphs of other programs, for plugins that say what their nodes mean: the hook `studio_import_rules`.

Part of the plugin contract: the names in `__all__`. `studio import` reads the document, flattens it, and asks the
rule of each node that an output needs, in the order of the edges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["ForeignFile", "ForeignLink", "ForeignNode", "ImportGap", "ImportRule", "Importer", "Made"]


@dataclass(frozen=True)
class ForeignLink:
    """An edge of a foreign document: an output of a node, by its number.

    Attributes:
        node: Id of the node.
        slot: Number of its output, from 0.
    """

    node: str
    slot: int = 0


@dataclass(frozen=True)
class ForeignFile:
    """A file that a node of a foreign document names, with its address.

    Attributes:
        name: Name of the file.
        url: Address to fetch it from.
        folder: Folder that the other program keeps it in, such as "loras".
    """

    name: str
    url: str = ""
    folder: str = ""


@dataclass(frozen=True)
class ForeignNode:
    """A node of a foreign document.

    Attributes:
        id: Its id in the document; nodes of a subgraph have the ids on the way, "12:3".
        kind: Its class, such as "KSampler".
        inputs: Literals and links, by the names of inputs.
        title: Title that a person gave it; "" for none.
        position: Its place on the canvas, in pixels.
        files: Files that it names.
    """

    id: str
    kind: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    position: tuple[float, float] | None = None
    files: tuple[ForeignFile, ...] = ()


@dataclass(frozen=True)
class Made:
    """A value of the new graph: an edge or edges, and their type.

    Attributes:
        value: What an input may contain: an edge, a list of edges.
        kind: Type of the value: "image", "mask", "latent", "audio", "video", "text", "number", "bool".
        many: Whether it is a list, as a batch of images is.
    """

    value: Any
    kind: str
    many: bool = False


class ImportGap(Exception):
    """Raised by a rule for a node that the new graph cannot express.

    Args:
        what: What is missing, such as "node type video.redraw".
        nearest: What comes nearest to it; "" for nothing.
    """

    def __init__(self, what: str, nearest: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.nearest = nearest


class Importer(Protocol):
    """The import, as a rule sees it: it reads the foreign document, and adds nodes to the new graph."""

    def get(self, node: ForeignNode, name: str, default: Any = None) -> Any:
        """Return the value at an input of a node: a literal, a `Made`, or what another rule returned.

        Args:
            node: The node.
            name: Name of the input.
            default: What is returned where the input has no value.

        Raises:
            ImportGap: The value comes from a node that is missing.
        """

    def has(self, type: str, name: str = "", choice: str = "") -> bool:
        """Return whether a node type is installed, with an input, which has a choice.

        Args:
            type: Id of the node type.
            name: Name of the input; "" for any.
            choice: Value of the input; "" for any.
        """

    def add(self, node: ForeignNode, type: str, inputs: Mapping[str, Any], *, name: str = "", output: str = "") -> str:
        """Add a node to the new graph, and return the edge to one of its outputs.

        Args:
            node: The node that it is made from, whose title and position it gets.
            type: Id of the node type.
            inputs: Values of inputs by name: literals, edges, `Made`; None is left out.
            name: Name for the node where the foreign one has no title.
            output: Name of the output; "" for the first.

        Raises:
            ImportGap: The node type, or one of the inputs, is not installed.
        """

    def take(self, node: ForeignNode, name: str, type: str, default: Any = None, description: str = "") -> str:
        """Declare an input of the new graph, and return the edge from it.

        Args:
            node: The node that it is made from.
            name: Name for the input where the foreign node has no title.
            type: Its type.
            default: Its value where a run sets none; None for a required input.
            description: What it is for.
        """

    def find_model(self, node: ForeignNode, kind: str, name: str) -> str:
        """Return the reference to weights that a node names: "file:PATH". The file is listed in the report.

        Args:
            node: The node.
            kind: Folder of the other program, such as "loras" or "checkpoints".
            name: Name of the file in it.

        Raises:
            ImportGap: The name leads out of the folder.
        """

    def find_media(self, name: str) -> str | None:
        """Return the path of a media file that the other program has in its folder for inputs, or None.

        Args:
            name: Name of the file.
        """

    def need(self, name: str, url: str, folder: str) -> None:
        """List weights that the new graph needs beside those that the document names.

        Args:
            name: Name of the file, or of the repository.
            url: Address.
            folder: Folder, or "" for what `studio models pull` fetches.
        """

    def list_users(self, node: ForeignNode) -> Sequence[tuple[ForeignNode, str]]:
        """Return the nodes that use an output of a node and are needed, with the names of their inputs.

        Args:
            node: The node.
        """

    def find(self, id: str) -> ForeignNode | None:
        """Return a node of the document.

        Args:
            id: Its id.
        """

    def differ(self, node: ForeignNode, why: str) -> None:
        """Report that the result comes close and is not the same.

        Args:
            node: The node.
            why: What differs.
        """

    def drop(self, node: ForeignNode, why: str) -> None:
        """Report that a node is left out, without any change to the results.

        Args:
            node: The node.
            why: Why nothing is lost.
        """


@dataclass(frozen=True)
class ImportRule:
    """What the nodes of a class mean.

    Attributes:
        convert: Returns the values of the node's outputs, in their order: a `Made`, a literal, or any object that
            rules of the same plugin understand. One value stands for a node with one output; None for one without.
        widgets: Names of the inputs that a canvas document stores by position, in its order; a name that ends in "+" is
            followed by a control that changes no result.
        fold: Returns the outputs as literals where all inputs are literals, or None; it is asked before `convert`.
        role: "part", "output" for a node that writes a file, or "viewer" for one that only shows something.
        passes: Name of the input that the output equals where the node changes no result, so that it is left out.
        choose: Returns the name of the input that the output equals, from the literals at the others, or None.

    Example:
        from studio.api.foreign import ImportRule, Made

        def invert(importer, node):
            edge = importer.add(node, "image.invert", {"image": importer.get(node, "image")})
            return Made({"from": edge}, "image")

        RULES = {"ImageInvert": ImportRule(invert)}
    """

    convert: Callable[[Importer, ForeignNode], Any] | None = None
    widgets: tuple[str, ...] = ()
    fold: Callable[[Mapping[str, Any]], Sequence[Any] | None] | None = None
    role: str = "part"
    passes: str = ""
    choose: Callable[[Mapping[str, Any]], str | None] | None = None
