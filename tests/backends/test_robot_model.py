"""`--robot-model`: a Panda in the layout of MuJoCo Menagerie, made here from our own with Menagerie's names.

The real file (franka_emika_panda/panda.xml) is not shipped; what matters of it is: other names, actuators with
affine bias, a gripper on a tendon commanded 0 to 255, a keyframe of the robot alone, meshes.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.resources import resource
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import kinematics, panda
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import Randomisation, randomisation_preset
from vla_isaac.scene.spec import JointGains
from vla_isaac.sim.drive import drive

pytest.importorskip("mujoco")

from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.policies.scripted.expert import ScriptedPolicy

GAINS = (4500, 4500, 3500, 3500, 2000, 2000, 2000)
TETRAHEDRON = "v 0 0 0\nv .03 0 0\nv 0 .03 0\nv 0 0 .03\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


@pytest.fixture
def menagerie_panda(tmp_path):
    """Return the path of our Panda under Menagerie's names, with its kinds of actuator, a keyframe and a mesh."""
    xml = resource("data", "robots", "panda", "panda.xml").read_text()
    xml = re.sub(r"<actuator>.*?</actuator>", "", xml, flags=re.S)
    xml = re.sub(r'"panda_(link|hand|leftfinger|rightfinger|joint|finger_joint)', r'"\1', xml)
    general = "".join(
        f'<general name="actuator{i}" joint="joint{i}" gainprm="{k}" biastype="affine" biasprm="0 -{k} -{k // 10}" '
        f'ctrlrange="{panda.QPOS_LOWER[i - 1]} {panda.QPOS_UPPER[i - 1]}"/>'
        for i, k in enumerate(GAINS, 1)
    )
    general += (
        '<general name="actuator8" tendon="split" forcerange="-100 100" ctrlrange="0 255" biastype="affine" '
        'gainprm="0.01568627451 0 0" biasprm="0 -100 -10"/>'
    )
    extra = (
        '<tendon><fixed name="split"><joint joint="finger_joint1" coef="0.5"/>'
        '<joint joint="finger_joint2" coef="0.5"/></fixed></tendon>'
        f"<actuator>{general}</actuator>"
        '<asset><mesh name="link0_0" file="link0_0.obj"/></asset>'
        '<keyframe><key name="home" qpos="0 0 0 -1.57079 0 1.57079 -0.7853 0.04 0.04"/></keyframe>'
    )
    mesh = '<body name="link0" childclass="panda" gravcomp="1"><geom class="visual" type="mesh" mesh="link0_0"/>'
    xml = re.sub(r'<body name="link0"[^>]*>', mesh, xml)
    path = tmp_path / "panda.xml"
    path.write_text(xml.replace("</mujoco>", extra + "</mujoco>"))
    (tmp_path / "link0_0.obj").write_text(TETRAHEDRON)
    return path


def test_a_model_in_menageries_layout_stands_where_our_kinematics_say(menagerie_panda):
    backend = MujocoBackend(robot_model=menagerie_panda)
    spec = FrankaSceneBuilder().add_cube("red").build()
    drive(backend.load(spec))
    drive(backend.reset(sample_layout(spec, Randomisation(), 0)))
    state = backend.state()
    assert np.allclose(state.pose_world_ee.matrix(), kinematics.forward_kinematics(state.qpos), atol=1e-6)
    backend.close()


def test_its_gripper_is_commanded_in_metres_although_the_actuator_counts_to_255(menagerie_panda):
    backend = MujocoBackend(robot_model=menagerie_panda)
    spec = FrankaSceneBuilder().add_cube("red").build()
    drive(backend.load(spec))
    drive(backend.reset(sample_layout(spec, Randomisation(), 0)))
    for _ in range(40):
        backend.apply(JointTarget(backend.state().qpos, 0.05))
        backend.step()
    assert backend.state().gripper_width == pytest.approx(0.05, abs=0.003)
    backend.close()


def test_the_expert_lifts_a_cube_with_it(menagerie_panda):
    with Session(MujocoBackend(robot_model=menagerie_panda), ScriptedPolicy()) as session:
        request = EpisodeRequest(
            scene=scene_preset("tabletop"),
            randomisation=randomisation_preset("layout"),
            seed=3,
            instruction="Lift the red cube",
        )
        assert session.run(request).success


def test_a_robot_that_is_no_panda_is_refused_with_what_it_lacks(tmp_path):
    path = tmp_path / "arm.xml"
    path.write_text('<mujoco><worldbody><body name="link0"><geom size=".1"/></body></worldbody></mujoco>')
    spec = FrankaSceneBuilder().build()
    with pytest.raises(ConfigError, match=r"--robot-model .*arm\.xml: is not a Panda.*lacks joint1.*Menagerie"):
        drive(MujocoBackend(robot_model=path).load(spec))


def test_gains_of_the_scene_replace_those_of_the_robot():
    soft = JointGains(stiffness=(400.0,) * 7, damping=(40.0,) * 7)
    lag = {}
    for name, gains in (("own", JointGains()), ("soft", soft)):
        backend = MujocoBackend()
        spec = replace(FrankaSceneBuilder().build(), gains=gains)
        drive(backend.load(spec))
        drive(backend.reset(sample_layout(spec, Randomisation(start_jitter=0.0), 0)))
        goal = backend.state().qpos + 0.1
        for _ in range(3):
            backend.apply(JointTarget(goal, 0.08))
            backend.step()
        lag[name] = float(np.abs(goal - backend.state().qpos).max())
        backend.close()
    assert lag["soft"] > 2 * lag["own"]
