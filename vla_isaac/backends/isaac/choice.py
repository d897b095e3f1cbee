"""Which programming interface of Isaac Sim is used, and its ports."""

from __future__ import annotations

from vla_isaac.backends.isaac.app_loop import Loop
from vla_isaac.backends.isaac.ports import Ports
from vla_isaac.backends.isaac.probe import Offer, Port, is_inside_kit
from vla_isaac.core.errors import BackendError


def check_inside_kit() -> None:
    """Raise unless this process runs Isaac Sim; elsewhere, looking for its modules may start it."""
    if not is_inside_kit():
        raise BackendError(
            "this process does not run Isaac Sim",
            remedy=(
                "use its own Python: ./python.sh -m vla_isaac run --backend isaac, or "
                "`with vla_isaac.backends.isaac.standalone.simulation_app():` around your script, or enable the extension"
            ),
        )


def choose_port(offer: Offer, port: Port | None, engine: str) -> Port:
    """Return the port to use, or raise an error that says why there is none."""
    offered = {"classic": offer.names is not None, "experimental": offer.experimental}
    choice = port or offer.choose()
    if choice == "classic" and engine != "physx":
        raise BackendError(
            f"the classic programming interface works with the physics engine PhysX, and {engine} is active",
            remedy="choose port='experimental', or start an experience with PhysX, such as isaacsim.exp.full.kit",
        )
    if choice is None or not offered[choice]:
        raise BackendError(
            f"this Isaac Sim offers no {port or 'known'} programming interface: {offer.why}",
            remedy="enable its extensions (isaacsim.core.api, isaacsim.sensors.camera) or use a release from 4.2 to 6.2",
        )
    return choice


def make_ports(choice: Port, offer: Offer, loop: Loop, robot_path: str, physics_scene: str) -> Ports:
    """Return the ports of the chosen interface; Isaac is imported only there."""
    if choice == "classic" and offer.names is not None:
        from vla_isaac.backends.isaac.classic import classic_ports

        return classic_ports(offer.names, loop, robot_path, physics_scene)
    from vla_isaac.backends.isaac.experimental import experimental_ports

    return experimental_ports(loop, robot_path)
