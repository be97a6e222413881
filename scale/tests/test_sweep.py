"""A sweep on a cluster of two machines, one of which is lost."""

import json
import time

import pytest
import ray
from conftest import ENVIRONMENT, LAB
from ray.cluster_utils import Cluster

from pilaf_scale.sweep import cell_count, finished, sweep

BASE = {
    "task": {"kind": "bandit", "prompts": 3, "responses": 4},
    "arms": [{"sampler": "vanilla"}, {"sampler": "pilaf"}],
    "seeds": 2,
    "beta": 1,
    "learningRate": 0.05,
    "schedule": {"steps": 40, "pairs": 4},
    "evaluation": {"every": 10},
}
SWEEP = {
    "base": BASE,
    "axes": [{"path": "beta", "values": [0.3, 1, 3]}, {"path": "task.rewardScale", "values": [1, 2, 3]}],
}


@pytest.fixture
def cluster():
    """Two raylets of one core each; the driver is at the first."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False, runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}})
    yield made, second
    ray.shutdown()
    made.shutdown()


def test_a_lost_machine_changes_no_byte(lab, tmp_path, cluster) -> None:
    made, second = cluster
    cells = tmp_path / "cells.jsonl"
    seen = []
    for number in sweep(SWEEP, cell_count(SWEEP), LAB, "wasm", cells):
        seen.append(number)
        if len(seen) == 4:
            made.remove_node(second, allow_graceful=False)
    # The cluster takes a while to believe it.
    alive = lambda: [node["Alive"] for node in ray.nodes()].count(True)
    deadline = time.monotonic() + 60
    while alive() > 1 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert alive() == 1
    assert sorted(seen) == list(range(9))
    assert finished(cells) == set(range(9))
    lab("merge", str(cells), "--out", "with-ray.json")
    (tmp_path / "sweep.json").write_text(json.dumps(SWEEP))
    lab("sweep", "sweep.json", "--backend", "wasm", "--jobs", "1", "--out", "plain.jsonl")
    lab("merge", "plain.jsonl", "--out", "plain.json")
    assert (tmp_path / "with-ray.json").read_bytes() == (tmp_path / "plain.json").read_bytes()


def test_it_goes_on_with_what_a_file_has(tmp_path, cluster) -> None:
    cells = tmp_path / "cells.jsonl"
    first = sweep(SWEEP, 9, LAB, "wasm", cells)
    done = {next(first), next(first)}
    first.close()
    assert finished(cells) == done
    with cells.open("a") as file:
        file.write('{"torn')
    assert sorted([*done, *sweep(SWEEP, 9, LAB, "wasm", cells)]) == list(range(9))


def test_another_sweep_s_file_is_left_alone(tmp_path, cluster) -> None:
    cells = tmp_path / "cells.jsonl"
    cells.write_text('{"fingerprint":"another"}\n')
    with pytest.raises(ValueError, match="belongs to another sweep"):
        list(sweep(SWEEP, 9, LAB, "wasm", cells))
    assert cells.read_text() == '{"fingerprint":"another"}\n'


def test_a_cell_that_fails_says_why(tmp_path, cluster) -> None:
    bad = {"base": BASE, "axes": [{"path": "beta", "values": [0]}]}
    with pytest.raises(Exception, match=r"0\.001 to 100"):
        list(sweep(bad, 1, LAB, "wasm", tmp_path / "cells.jsonl"))


def test_what_is_no_sweep_is_named() -> None:
    assert ENVIRONMENT["PILAF_LAB"]
    with pytest.raises(ValueError, match="neither axes nor a list"):
        cell_count({"base": BASE})
    assert cell_count({"base": BASE, "list": [{}, {}]}) == 2
