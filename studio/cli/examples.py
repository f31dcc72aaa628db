"""Examples of each command, shown at the end of its help."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": ("studio new graph first.json", "studio run first.json -o out", "studio nodes blur"),
    "run": (
        "studio run poster.json",
        "studio run poster.json --set caption='Kunming Lake' --set photo=@lake.jpg -o posters",
        "studio run poster.json --watch",
        "studio run poster.png --set seed=8",
    ),
    "batch": (
        "studio batch card.json items.csv -o cards",
        "studio batch status cards",
    ),
    "batch run": (
        "studio batch card.json items.csv -o cards",
        "studio batch card.json --product color=red,blue --repeat 10 -o cards --workers 2",
        "studio batch enlarge.json --files 'image=photos/*.jpg' -o large",
        "studio batch card.json items.csv -o cards --estimate",
    ),
    "batch status": ("studio batch status cards",),
    "batch export": ("studio batch export cards -o cards.csv",),
    "batch merge": ("studio batch merge part1 part2 -o all",),
    "gallery": ("studio gallery cards --contact-sheet",),
    "skills": ("studio skills install", "studio skills list"),
    "skills install": ("studio skills install", "studio skills install ~/.claude/skills"),
    "skills list": ("studio skills list",),
    "serve": ("studio serve --graphs graphs", "studio serve token add ada"),
    "mcp": ("studio mcp", "studio mcp --graphs graphs --files . -o out"),
    "serve token": ("studio serve token add ada", "studio serve token list"),
    "serve token add": ("studio serve token add ada", "studio serve token add monitor --scope read"),
    "serve token list": ("studio serve token list",),
    "serve token remove": ("studio serve token remove ada",),
    "validate": ("studio validate poster.json", "studio validate graphs/*.json --fix --dry-run"),
    "import": ("studio import workflow.json", "studio import picture.png -o graph.json"),
    "migrate": ("studio migrate poster.json --dry-run",),
    "explain": ("studio explain poster.json --set seed=8",),
    "rerun": ("studio rerun cards/ada.png -o again", "studio rerun cards/ada.png --set seed=8"),
    "verify": ("studio verify cards", "studio verify cards --replay 5", "studio verify photo.jpg --tree --detect"),
    "credentials": ("studio credentials init 'Ada Lovelace'", "studio credentials show"),
    "credentials init": ("studio credentials init 'Ada Lovelace'", "studio credentials init --renew"),
    "credentials show": ("studio credentials show",),
    "credentials import": ("studio credentials import chain.pem key.pem",),
    "credentials trust": ("studio credentials trust authority.pem",),
    "diff": ("studio diff monday.png tuesday.png", "studio diff poster.json out/poster.png"),
    "find": ("studio find 'seed=1..9 caption~lake' renders", "studio find node=image.blur --paths"),
    "draw": ("studio draw poster.json -o poster.svg", "studio draw poster.json --format mermaid"),
    "new": ("studio new graph first.json", "studio new plugin studio-tint"),
    "new graph": ("studio new graph first.json", "studio new graph first.json --node image.blur --node image.resize"),
    "new plugin": ("studio new plugin studio-tint",),
    "nodes": (
        "studio nodes",
        "studio nodes drop shadow",
        "studio nodes image.blur --json",
        "studio nodes image.blur --example",
    ),
    "plugins": ("studio plugins", "studio plugins image", "studio plugins disable speech"),
    "plugins check": ("studio plugins check image",),
    "plugins disable": ("studio plugins disable speech",),
    "plugins enable": ("studio plugins enable speech",),
    "plugins show": ("studio plugins show image",),
    "models": ("studio models list", "studio models search voice", "studio models get whisper-base"),
    "models list": ("studio models list", "studio models list --json"),
    "models add": ("studio models add mine weights/net.safetensors",),
    "models pull": ("studio models pull hub:ada/net@v1",),
    "models remove": ("studio models remove hub:ada/net@v1",),
    "models search": ("studio models search --tested", "studio models search --for speech.say"),
    "models get": ("studio models get whisper-base", "studio models get whisper-base --from stick"),
    "models export": ("studio models export whisper-base stick",),
    "models plan": ("studio models plan builtin:mini --vram 24GB",),
    "models show": ("studio models show builtin:mini",),
    "models verify": ("studio models verify",),
    "models write-digests": ("studio models write-digests net.safetensors",),
    "schema": ("studio schema --installed > studio.schema.json",),
    "cache": ("studio cache stats", "studio cache prune --to 5GiB"),
    "cache clear": ("studio cache clear --yes",),
    "cache prune": ("studio cache prune --to 5GiB",),
    "cache stats": ("studio cache stats",),
    "cache verify": ("studio cache verify",),
    "config": ("studio config show",),
    "config path": ("studio config path",),
    "config show": ("studio config show",),
    "doctor": ("studio doctor",),
    "version": ("studio version", "studio --version --json"),
    "help": ("studio help run", "studio help batch merge"),
    "man": ("studio man run | man -l -", "studio man --output share/man/man1"),
    "completion": (
        'eval "$(studio completion bash)"',
        "studio completion fish > ~/.config/fish/completions/studio.fish",
    ),
}
"""The lines by the words that call the command."""


def format_examples(words: str) -> str:
    """Return the examples in the help of a command, "" if it has none."""
    lines = EXAMPLES.get(words, ())
    if not lines:
        return ""
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])
