"""Checks of what runs: release, port, the scene that most checks need, engine, robot asset."""

from __future__ import annotations

from vla_isaac.self_test.bench import TestBench
from vla_isaac.self_test.check import Measurement, check
from vla_isaac.sim.backend import Steps

GROUP = "environment"
RELEASES = {"isaac": ((4, 2), (6, 2)), "mujoco": ((3, 3), (4, 99))}
"""First and last release for which the code was written, by backend."""


@check("release", GROUP, "The release is one that the code was written for.", remedy="post this report with the release")
def release(bench: TestBench) -> Steps[Measurement]:
    """Compare the release with those that are known."""
    yield from ()
    found = bench.inspector.release()
    first, last = RELEASES[bench.backend.name]
    return Measurement(holds=first <= found <= last, found=_dotted(found), expected=f"{_dotted(first)} to {_dotted(last)}")


@check(
    "port",
    GROUP,
    "Every module of the interface that was chosen by looking for it can be imported.",
    remedy="enable the extensions of the modules named, or choose the other port",
)
def port(bench: TestBench) -> Steps[Measurement]:
    """Import the modules."""
    yield from ()
    broken = bench.inspector.broken_modules()
    return Measurement(
        holds=not broken,
        found="; ".join(f"{module}: {error}" for module, error in broken.items()) or "all modules were imported",
        expected="no error",
        values={"broken": len(broken)},
    )


@check(
    "load-and-reset",
    GROUP,
    "The scene is written, play starts, and every physics handle is valid after it.",
    remedy="read the error; most other checks need this one",
)
def load_and_reset(bench: TestBench) -> Steps[Measurement]:
    """Load, reset, read the state."""
    yield from bench.scene()
    sample = bench.sample()
    offset = abs(sample.state.time)
    return Measurement(
        holds=offset < 1e-9 and bool((sample.joints == sample.joints).all()),
        found=f"state of {len(sample.state.bodies)} objects at {sample.state.time:.4f} s",
        expected="a state at 0 s",
    )


@check(
    "engine-and-device",
    GROUP,
    "The physics engine is PhysX, on the CPU or a GPU.",
    remedy="start an experience with PhysX, such as isaacsim.exp.full.kit; on Newton expect other contacts and gains",
)
def engine_and_device(bench: TestBench) -> Steps[Measurement]:
    """Ask for engine and device."""
    yield from bench.scene()
    engine, device = bench.inspector.engine()
    known = ("physx", "mujoco")
    is_known = engine in known and (device.startswith(("cpu", "cuda", "gpu")))
    return Measurement(holds=is_known, found=f"{engine} on {device}", expected="physx on cpu or cuda")


@check(
    "robot-asset",
    GROUP,
    "The asset server has NVIDIA's Franka at the path of this release.",
    remedy="check the network and the setting /persistent/isaac/asset_root/default; the embedded Panda is used meanwhile",
)
def robot_asset(bench: TestBench) -> Steps[Measurement]:
    """Look which robot is on the stage."""
    yield from bench.scene()
    address, why = bench.inspector.robot_asset()
    return Measurement(
        holds=address is not None, found=address or f"embedded Panda: {why}", expected="the address of a franka.usd"
    )


def _dotted(release: tuple[int, int]) -> str:
    return ".".join(map(str, release))
