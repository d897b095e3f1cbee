"""Small datasets in the layouts of other programs, written with pyarrow, h5py and PyAV as those programs write them.

Run as a script, it writes all of them to a folder: ``python tests/foreign_datasets.py FOLDER``.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

ROWS = 10
SENTENCE = "put the bowl on the plate"
BOOKKEEPING = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
MOTORS = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper"]


def pictures(random, hw, rows=ROWS):
    """Sky above ground with a block that moves right: up, down, left and right look different."""
    frames = np.empty((rows, *hw, 3), np.uint8)
    frames[:, : hw[0] // 2], frames[:, hw[0] // 2 :] = (120, 160, 220), (110, 80, 50)
    frames += random.integers(0, 12, (1, *hw, 3), dtype=np.uint8)
    for row in range(rows):
        left = row * hw[1] // (2 * rows)
        frames[row, : hw[0] // 3, left : left + hw[1] // 5] = 250
    return frames


# ------------------------------------------------------------------ LeRobot v2.1 with pictures in the rows


def lerobot_v21(
    path: Path, columns: Mapping[str, int], cameras: Mapping[str, tuple[int, int]], *, fps: int, episodes: int = 3
):
    """Write what `LeRobotDataset.create(features=...)` of lerobot v2.1 makes of features of the dtypes float32 and image."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

    random = np.random.default_rng(0)
    features = {
        name: {"dtype": "image", "shape": [*hw, 3], "names": ["height", "width", "channel"]} for name, hw in cameras.items()
    }
    features |= {name: {"dtype": "float32", "shape": [width], "names": [name]} for name, width in columns.items()}
    features |= {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in BOOKKEEPING.items()}
    (path / "data/chunk-000").mkdir(parents=True)
    for number in range(episodes):
        table: dict[str, object] = {}
        for name, hw in cameras.items():
            cells = []
            for frame in pictures(random, hw):
                file = io.BytesIO()
                Image.fromarray(frame).save(file, "PNG")
                cells.append({"bytes": file.getvalue(), "path": f"frame_{len(cells):06d}.png"})
            table[name] = cells
        for name, width in columns.items():
            values = random.uniform(-1, 1, (ROWS, width)).astype(np.float32)
            values[:, -1] = np.abs(values[:, -1])  # DROID's gripper: 1 is closed
            table[name] = list(values) if width > 1 else values[:, 0]
        table |= {"timestamp": (np.arange(ROWS) / fps).astype(np.float32), "frame_index": np.arange(ROWS)}
        table |= {
            "episode_index": np.full(ROWS, number),
            "index": number * ROWS + np.arange(ROWS),
            "task_index": np.zeros(ROWS, int),
        }
        pq.write_table(pa.table(table), path / f"data/chunk-000/episode_{number:06d}.parquet")
    info = {
        "codebase_version": "v2.1",
        "robot_type": "panda",
        "total_episodes": episodes,
        "total_frames": episodes * ROWS,
        "total_tasks": 1,
        "total_videos": 0,
        "total_chunks": 1,
        "chunks_size": 1000,
        "fps": fps,
        "splits": {"train": f"0:{episodes}"},
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
        "features": features,
    }
    lines = [{"episode_index": n, "tasks": [SENTENCE], "length": ROWS} for n in range(episodes)]
    (path / "meta").mkdir()
    (path / "meta/info.json").write_text(json.dumps(info))
    (path / "meta/episodes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (path / "meta/tasks.jsonl").write_text(json.dumps({"task_index": 0, "task": SENTENCE}) + "\n")
    return path


def openpi_libero(path: Path) -> Path:
    """Write the layout of openpi @15a9616, examples/libero/convert_libero_data_to_lerobot.py."""
    cameras = dict.fromkeys(("image", "wrist_image"), (64, 64))
    return lerobot_v21(path, {"state": 8, "actions": 7}, cameras, fps=10)


def openpi_droid(path: Path) -> Path:
    """Write the layout of openpi @15a9616, examples/droid/convert_droid_data_to_lerobot.py."""
    cameras = dict.fromkeys(("exterior_image_1_left", "exterior_image_2_left", "wrist_image_left"), (36, 64))
    return lerobot_v21(path, {"joint_position": 7, "gripper_position": 1, "actions": 8}, cameras, fps=15)


# ------------------------------------------------------------------ LeRobot v3.0 with video


def so101(path: Path, episodes: int = 3, fps: int = 30) -> Path:
    """Write what lerobot-record of lerobot v3.0 makes of an SO-101: its six motors, degrees and a gripper of 0 to 100.

    Source: lerobot, ``src/lerobot/robots/so101_follower/so101_follower.py``: motors ``NAME.pos``, MotorNormMode.
    """
    import av
    import pyarrow as pa
    import pyarrow.parquet as pq

    random, hw, rows = np.random.default_rng(1), (48, 64), episodes * ROWS
    key = "observation.images.front"
    names = [f"{motor}.pos" for motor in MOTORS]
    features: dict[str, object] = {
        n: {"dtype": "float32", "shape": [6], "names": names} for n in ("action", "observation.state")
    }
    about = {
        "video.height": hw[0],
        "video.width": hw[1],
        "video.codec": "h264",
        "video.pix_fmt": "yuv420p",
        "video.fps": fps,
    }
    features[key] = {"dtype": "video", "shape": [*hw, 3], "names": ["height", "width", "channels"], "info": about}
    features |= {name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in BOOKKEEPING.items()}
    for folder in ("meta/episodes/chunk-000", "data/chunk-000", f"videos/{key}/chunk-000"):
        (path / folder).mkdir(parents=True)
    degrees = np.concatenate([random.uniform(-90, 90, (rows, 5)), random.uniform(0, 100, (rows, 1))], axis=1).astype(
        np.float32
    )
    table = {"action": list(degrees), "observation.state": list(degrees)}
    frame = np.tile(np.arange(ROWS), episodes)
    table |= {"timestamp": (frame / fps).astype(np.float32), "frame_index": frame, "index": np.arange(rows)}
    table |= {"episode_index": np.repeat(np.arange(episodes), ROWS), "task_index": np.zeros(rows, int)}
    pq.write_table(pa.table(table), path / "data/chunk-000/file-000.parquet")
    with av.open(str(path / f"videos/{key}/chunk-000/file-000.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"g": "2"})
        stream.height, stream.width, stream.pix_fmt = *hw, "yuv420p"
        for picture in np.concatenate([pictures(random, hw) for _ in range(episodes)]):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    starts = np.arange(episodes) * ROWS
    zeros = np.zeros(episodes, int)
    index = {"episode_index": np.arange(episodes), "tasks": [[SENTENCE]] * episodes, "length": np.full(episodes, ROWS)}
    index |= {
        "data/chunk_index": zeros,
        "data/file_index": zeros,
        "dataset_from_index": starts,
        "dataset_to_index": starts + ROWS,
    }
    index |= {"meta/episodes/chunk_index": zeros, "meta/episodes/file_index": zeros}
    index |= {f"videos/{key}/chunk_index": zeros, f"videos/{key}/file_index": zeros}
    index |= {f"videos/{key}/from_timestamp": starts / fps, f"videos/{key}/to_timestamp": (starts + ROWS) / fps}
    pq.write_table(pa.table(index), path / "meta/episodes/chunk-000/file-000.parquet")
    pq.write_table(pa.table({"task_index": [0], "__index_level_0__": [SENTENCE]}), path / "meta/tasks.parquet")
    info = {
        "codebase_version": "v3.0",
        "robot_type": "so101_follower",
        "total_episodes": episodes,
        "total_frames": rows,
        "total_tasks": 1,
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 500,
        "fps": fps,
        "splits": {"train": f"0:{episodes}"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
        "features": features,
    }
    (path / "meta/info.json").write_text(json.dumps(info))
    return path


# ------------------------------------------------------------------ HDF5


def libero(path: Path, episodes: int = 3) -> Path:
    """Write the layout of LIBERO @8f1084e, scripts/create_dataset.py: the lowest row of a picture comes first."""
    import h5py

    random = np.random.default_rng(2)
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        env = {
            "type": 1,
            "env_name": "Libero_Tabletop_Manipulation",
            "env_kwargs": {"robots": ["Panda"], "control_freq": 20},
        }
        about = {"problem_name": "libero_tabletop_manipulation", "language_instruction": SENTENCE}
        data.attrs.update(env_name=env["env_name"], env_args=json.dumps(env), problem_info=json.dumps(about))
        data.attrs.update(
            macros_image_convention="opengl", bddl_file_name="a.bddl", num_demos=episodes, total=episodes * ROWS
        )
        for number in range(episodes):
            demo = data.create_group(f"demo_{number}")
            demo.attrs.update(num_samples=ROWS, model_file="<mujoco/>", init_state=np.zeros(20))
            for name, width in (("gripper_states", 2), ("joint_states", 7), ("ee_states", 6), ("ee_pos", 3), ("ee_ori", 3)):
                demo[f"obs/{name}"] = random.normal(size=(ROWS, width))
            for camera in ("agentview_rgb", "eye_in_hand_rgb"):
                demo[f"obs/{camera}"] = pictures(random, (64, 64))[:, ::-1]
            actions = random.uniform(-1, 1, (ROWS, 7))
            actions[:, 6] = np.sign(actions[:, 6])
            demo["actions"], demo["states"], demo["robot_states"] = actions, np.zeros((ROWS, 20)), np.zeros((ROWS, 9))
            demo["dones"] = demo["rewards"] = np.eye(ROWS, dtype=np.uint8)[-1]
    return path


def isaac_lab(path: Path, verdicts: tuple[bool, ...] = (True, False, True, True)) -> Path:
    """Write the layout of Isaac Lab, isaaclab/utils/datasets/hdf5_dataset_file_handler.py, with the groups of Mimic.

    The task is Isaac-Stack-Cube-Franka-IK-Rel-Mimic-v0 with cameras; `sim_args` as `env_cfg.get_ep_meta` gives it.
    """
    import h5py

    random = np.random.default_rng(3)
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        env = {"env_name": "Isaac-Stack-Cube-Franka-IK-Rel-Mimic-v0", "type": 2, "sim_args": {"dt": 0.01, "decimation": 5}}
        data.attrs.update(total=len(verdicts) * ROWS, env_args=json.dumps(env))
        for number, verdict in enumerate(verdicts):
            demo = data.create_group(f"demo_{number}")
            demo.attrs.update(num_samples=ROWS, seed=number, success=verdict)
            arrays = {
                "actions": np.concatenate([random.uniform(-0.1, 0.1, (ROWS, 6)), np.ones((ROWS, 1))], axis=1),
                "processed_actions": random.normal(size=(ROWS, 9)),
                "initial_state/articulation/robot/joint_position": random.normal(size=(1, 9)),
                "states/articulation/robot/joint_position": random.normal(size=(ROWS, 9)),
                "obs/joint_pos": random.normal(size=(ROWS, 9)),
                "obs/eef_pos": random.normal(size=(ROWS, 3)),
                "obs/object": random.normal(size=(ROWS, 39)),
                "obs/datagen_info/eef_pose/franka": random.normal(size=(ROWS, 4, 4)),
                "obs/datagen_info/subtask_term_signals/grasp_1": np.zeros(ROWS),
            }
            for place, values in arrays.items():
                demo.create_dataset(place, data=values.astype(np.float32), compression="gzip")
            for camera in ("table_cam", "wrist_cam"):
                demo.create_dataset(f"obs/{camera}", data=pictures(random, (64, 64)), compression="gzip")
    return path


def write_all(folder: Path) -> None:
    """Write every layout to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for make in (openpi_libero, openpi_droid, so101):
        make(folder / make.__name__)
    for make in (libero, isaac_lab):
        make(folder / f"{make.__name__}.hdf5")


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
