"""The shapes that a drawing is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.graph.drawing.boxes import Point


@dataclass(frozen=True)
class Rectangle:
    """A rectangle with round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str = ""
    stroke_width: float = 1.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Curve:
    """Cubic Bezier curves: a start point and then three points for each."""

    points: tuple[Point, ...]
    stroke: str
    stroke_width: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Dot:
    """A disc with a ring."""

    x: float
    y: float
    radius: float
    fill: str
    stroke: str


@dataclass(frozen=True)
class Words:
    """A line of text; `anchor` is "start", "middle" or "end", `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float
    fill: str
    bold: bool = False
    anchor: str = "start"


Shape = Rectangle | Curve | Dot | Words


@dataclass(frozen=True)
class Group:
    """Shapes that belong together, with what is shown when the pointer rests on them."""

    shapes: tuple[Shape, ...]
    tooltip: str = ""


@dataclass
class Drawing:
    """Shapes on a ground, in the order in which they are drawn."""

    title: str
    width: float
    height: float
    ground: str
    groups: list[Group] = field(default_factory=list)
