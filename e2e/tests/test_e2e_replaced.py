"""The one round of planned work that every change is tried with: a member dies with its disk under
load, and another one takes its place by one command. The others are in `e2e/long`."""

from pathlib import Path

import pytest

from bitebyte_e2e.cluster import running_cluster
from bitebyte_e2e.judgement import judged
from bitebyte_e2e.member_rounds import planned, replace_dead_member


@pytest.mark.timeout(240)
def test_one_command_replaces_a_member_that_lost_its_disk(
    tmp_path: Path, seed: int, artifacts_dir: Path
) -> None:
    with running_cluster(tmp_path, seed=seed) as cluster:
        judged(cluster, "replaced", planned(replace_dead_member), seed, artifacts_dir)
