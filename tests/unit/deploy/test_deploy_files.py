"""The files for clusters agree with the code; Docker and Kubernetes themselves do not run here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import ray
import yaml  # type: ignore[import-untyped]  # its stubs are no dependency

from workers.metrics import FleetMetrics

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
SHARED = {"verity_queue_items", "verity_queue_deferred_items", "verity_queue_overdue_items"}


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text("utf-8")))


def pods() -> list[dict[str, Any]]:
    """Return the pod templates of the Ray cluster and of the drivers."""
    cluster, drivers = documents("ray-cluster.yaml")
    groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
    return [group["template"]["spec"] for group in groups] + [drivers["spec"]["template"]["spec"]]


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in container.get("env", [])}


def test_the_cluster_asks_for_a_token_and_has_groups_that_grow() -> None:
    cluster = documents("ray-cluster.yaml")[0]
    spec = cluster["spec"]
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    assert spec["authOptions"] == {"mode": "token"}
    assert spec["rayVersion"] == ray.__version__
    assert spec["enableInTreeAutoscaling"] is True
    for group in spec["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    limits = [pod["containers"][0]["resources"]["limits"] for pod in pods()]
    assert sum("nvidia.com/gpu" in limit for limit in limits) == 1


def test_no_pod_runs_as_root_or_without_limits() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_no_file_holds_a_secret() -> None:
    for pod in pods():
        for name, value in environment(pod["containers"][0]).items():
            if re.search("KEY|TOKEN|DATABASE", name):
                assert "secretKeyRef" in value["valueFrom"]
    services = documents("compose.yaml")[0]["services"]
    for service in services.values():
        for name, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", name):
                assert value.startswith("${")


@pytest.mark.parametrize("name", ["compose.yaml", "ray-cluster.yaml"])
def test_every_setting_that_is_set_there_is_in_the_manual(name: str) -> None:
    manual = (ROOT / "docs" / "settings.md").read_text("utf-8")
    used = set(re.findall(r"VERITY_[A-Z_]+", (DEPLOY / name).read_text("utf-8")))
    assert {key for key in used if f"`{key}`" not in manual} == set()


def test_compose_starts_what_a_fleet_needs_in_order() -> None:
    services = documents("compose.yaml")[0]["services"]
    assert services.keys() == {"database", "objects", "ray-head", "worker"}
    for name in services["worker"]["depends_on"]:
        assert "healthcheck" in services[name]
    assert services["worker"]["environment"]["RAY_AUTH_MODE"] == "token"
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    example = (DEPLOY / ".env.example").read_text("utf-8")
    needed = set(re.findall(r"\$\{(\w+):\?", text))
    assert needed == {key for key in needed if f"{key}=" in example}


def test_the_image_has_a_target_for_each_processor_and_no_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    targets = re.split(r"^FROM ", text, flags=re.MULTILINE)
    for target in ("cpu", "gpu"):
        [body] = [part for part in targets if part.split("\n")[0].endswith(f" AS {target}")]
        assert "USER 10001" in body
    assert text.index(" AS cpu") > text.index(" AS gpu"), "the last target is the default"


def test_the_dashboard_asks_for_metrics_that_are_there() -> None:
    board = json.loads((DEPLOY / "grafana" / "fleet.json").read_text("utf-8"))
    asked = {
        re.sub("_(total|bucket)$", "", name)
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"verity_\w+", target["expr"])
    }
    offered = {metric.name for metric in FleetMetrics().registry.collect()} | SHARED
    assert asked <= offered
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
