"""Writes shapes as SVG text."""

from __future__ import annotations

from xml.sax.saxutils import escape as escape_xml
from xml.sax.saxutils import quoteattr

from studio.graph.drawing.shapes import Curve, Dot, Drawing, Rectangle, Shape, Words
from studio.graph.drawing.text import clean


def write_svg(drawing: Drawing) -> str:
    """Return shapes as SVG text."""
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}"'
        " font-family=\"Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">",
        f"<title>{escape_xml(clean(drawing.title))}</title>",
        f'<rect width="100%" height="100%" fill="{drawing.ground}"/>',
    ]
    for group in drawing.groups:
        tooltip = "\n".join(clean(line) for line in group.tooltip.splitlines())
        lines.append("<g>" + (f"<title>{escape_xml(tooltip)}</title>" if tooltip else ""))
        lines += [_write_shape(shape) for shape in group.shapes]
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _write_shape(shape: Shape) -> str:
    match shape:
        case Rectangle(x, y, width, height, radius, fill, stroke, stroke_width, dash):
            return (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:g}"'
                f' fill="{fill or "none"}"{_write_stroke(stroke, stroke_width, dash)}/>'
            )
        case Curve(points, stroke, stroke_width, dash):
            start, *rest = [f"{x:.1f} {y:.1f}" for x, y in points]
            return f'<path d="M{start} C{" ".join(rest)}" fill="none"{_write_stroke(stroke, stroke_width, dash)}/>'
        case Dot(x, y, radius, fill, stroke):
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}"{_write_stroke(stroke, 1.6, ())}/>'
        case Words(x, y, text, size, fill, bold, anchor):
            weight = ' font-weight="600"' if bold else ""
            place = f' text-anchor="{anchor}"' if anchor != "start" else ""
            return (
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill={quoteattr(fill)}{weight}{place}>'
                f"{escape_xml(clean(text))}</text>"
            )
    raise AssertionError(shape)


def _write_stroke(stroke: str, width: float, dash: tuple[float, ...]) -> str:
    if not stroke:
        return ""
    dashes = f' stroke-dasharray="{" ".join(f"{d:g}" for d in dash)}"' if dash else ""
    return f' stroke="{stroke}" stroke-width="{width:g}"{dashes}'
