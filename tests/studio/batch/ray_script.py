"""Runs a batch on a Ray cluster of two nodes on this machine, kills one of them on the way, and says what came of it.

python ray_script.py FOLDER SHARED KILL
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
_NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}


def main(folder: Path, shared: str) -> None:
    """Run the batch that tests write into `folder`."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**_NODE, "node_ip_address": "127.0.0.1"})
    other = cluster.add_node(**_NODE, resources={"render": 1}, node_ip_address="127.0.0.1")
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        found = run(folder, shared, lambda: cluster.remove_node(other, allow_graceful=False))
    finally:
        ray.shutdown()
        cluster.shutdown()
    print("RESULT " + json.dumps(found))


def run(folder: Path, shared: str, strike: Any) -> dict[str, Any]:
    """Run it with two workers; strike after a third of the items."""
    from studio.app import Studio, read_settings
    from studio.batch import ray_cluster
    from studio.batch.batch import Batch
    from studio.batch.ledger import Ledger
    from studio.batch.ray_cluster import ClusterOptions, open_cluster
    from studio.batch.spec import create_spec
    from studio.batch.tables import open_table

    if shared:
        ray_cluster._write_token = lambda folder: (str(folder / "nowhere"), "")
    settings = read_settings(
        device="cpu", cache_dir=folder / "cache", plugins_dir=folder / "plugins", cache_url=shared or None
    )
    rendered: list[str] = []
    with Studio(settings) as studio, Ledger(folder / "out", create=True) as ledger:
        spec = create_spec(studio.load(folder / "graph.json"), folder / "out", window=4)
        batch = Batch(studio, spec, [open_table(folder / "items.csv")])
        total = batch.import_items(ledger).total
        with open_cluster(batch, ClusterOptions(workers=2)) as (start, workers):
            made = batch.create_run(ledger, workers=workers, start=start)
            for item, _ in made.run():
                rendered.append(item.name)
                if len(rendered) == total // 3:
                    strike()
        return {"counts": dict(ledger.summary().counts), "rendered": rendered}


if __name__ == "__main__":
    main(Path(sys.argv[1]), "".join(sys.argv[2:]))
