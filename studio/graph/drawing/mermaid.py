"""Writes what a drawing shows as Mermaid text."""

from __future__ import annotations

import json
from collections.abc import Mapping

from studio.graph.drawing.arrows import Arrow, name_arrow
from studio.graph.drawing.looks import count_standing, find_look, find_standings
from studio.graph.drawing.sketch import Card, Sketch, sketch_graph
from studio.graph.drawing.text import clean, shorten
from studio.graph.resolved import ResolvedGraph


def draw_mermaid(resolved: ResolvedGraph, standings: Mapping[str, str] | None = None) -> str:
    """Return the drawing of a graph as Mermaid text; see `sketch_graph` for the arguments and errors."""
    sketch = sketch_graph(resolved, standings)
    names = {card.key: f"n{index}" for index, card in enumerate(sketch.cards)}
    lines = ["---", f"title: {_quote_yaml(sketch.title)}", "---", "flowchart LR"]
    lines += [f"  {names[card.key]}{_write_card(card)}" for card in sketch.cards]
    lines += [_write_arrow(arrow, names) for arrow in sketch.arrows]
    shown = find_standings(sketch)
    lines += _write_legend(shown)
    for index, word in enumerate(shown):
        lines += _write_standing(index, word, sketch, names)
    lines.append("  classDef input fill:#e9effb,stroke:#a9bde6,color:#1d2430;")
    lines.append("  classDef output fill:#2c3646,stroke:#2c3646,color:#ffffff;")
    for kind in ("input", "output"):
        members = [names[card.key] for card in sketch.cards if card.kind == kind]
        lines += [f"  class {','.join(members)} {kind};"] if members else []
    return "\n".join(lines) + "\n"


def _write_legend(shown: Mapping[str, int]) -> list[str]:
    if not shown:
        return []
    texts = [_escape_mermaid(count_standing(word, number)) for word, number in shown.items()]
    rows = [f'    k{index}("{text}")' for index, text in enumerate(texts)]
    return ['  subgraph legend ["legend"]', *rows, "  end"]


def _write_standing(index: int, word: str, sketch: Sketch, names: Mapping[str, str]) -> list[str]:
    """Return the lines that give a standing its colors, in the legend and on the nodes that have it."""
    look = find_look(word)
    members = [names[card.key] for card in sketch.cards if card.kind == "node" and card.standing == word]
    dash = ",stroke-dasharray:4 3" if look.dashed else ""
    return [
        f"  classDef s{index} fill:{look.pale},stroke:{look.strong},stroke-width:2px,color:#1d2430{dash};",
        f"  class {','.join([*members, f'k{index}'])} s{index};",
    ]


def _write_card(card: Card) -> str:
    title = _escape_mermaid(card.title) + (f" #40;{card.mark}#41;" if card.mark else "")
    problem = f"<br/>{_escape_mermaid(shorten(card.problems[0], 80))}" if card.problems else ""
    label = f'"{title}<br/><small>{_escape_mermaid(shorten(card.subtitle, 60))}</small>{problem}"'
    if card.kind == "node":
        return f"[[{label}]]" if card.mark else f"({label})"
    return f"([{label}])"


def _write_arrow(arrow: Arrow, names: Mapping[str, str]) -> str:
    line = {"list": "==>", "condition": "-.->", "broken": "-.-x"}.get(arrow.kind, "-->")
    name = name_arrow(arrow)
    label = f'|"{_escape_mermaid(name)}"|' if name else ""
    return f"  {names[arrow.source]} {line}{label} {names[arrow.target]}"


def _escape_mermaid(text: str) -> str:
    """Write all that Mermaid or HTML could read as more than a letter as a character code."""
    plain = clean(text)
    return "".join(c if c.isalnum() or c in " _.,:/-+=→…×" else f"#{ord(c)};" for c in plain)


def _quote_yaml(text: str) -> str:
    quoted = json.dumps(clean(text), ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if c in "<>&%{}`#" else c for c in quoted)
