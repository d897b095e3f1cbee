"""Arrays as the experimental interface gives them: warp's, which live on the GPU and know no numpy protocol."""

from __future__ import annotations

from typing import Any

import numpy as np


class array:  # noqa: N801 (warp's own name)
    """A warp array as far as we rely on it: `numpy()` copies it to the host, everything numpy would do itself fails."""

    __slots__ = ("_values",)

    def __init__(self, values: Any) -> None:
        self._values = np.array(values)

    def numpy(self) -> Any:
        return self._values.copy()

    def assign(self, values: Any) -> None:
        self._values[...] = as_numpy(values)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._values.shape

    @property
    def ndim(self) -> int:
        return self._values.ndim

    @property
    def size(self) -> int:
        return self._values.size

    @property
    def device(self) -> str:
        return "cuda:0"

    def __bool__(self) -> bool:
        raise TypeError("the truth value of a warp array is not defined; copy it to the host with numpy()")

    def __repr__(self) -> str:
        return f"<warp array {self.shape} on {self.device}>"


class CudaTensor:
    """A torch tensor on the GPU: numpy refuses it until `cpu()` copied it.

    Source: isaac-sim/IsaacSim v5.1.0 simulation_manager.py (lines 179 to 181) and v6.0.1 (709 to 711): with physics on
    the GPU the classic getters give torch tensors; torch.Tensor.numpy and __array__ raise TypeError for a tensor on the GPU.
    """

    def __init__(self, values: Any) -> None:
        self._values = np.array(values)

    def detach(self) -> CudaTensor:
        return self

    def cpu(self) -> HostArray:
        return np.array(self._values).view(HostArray)

    def numpy(self) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor first.")

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self.numpy()


def on_device(sim: Any, values: Any) -> Any:
    """Return what a classic getter gives: numpy, or torch where physics runs on the GPU."""
    return CudaTensor(values) if sim.is_on_gpu else values


class HostArray(np.ndarray):  # type: ignore[type-arg]
    """What is given instead while that trap is off: a numpy array that has `numpy()` as well."""

    def numpy(self) -> Any:
        return np.array(self)


def warp_like(values: Any, is_trap_set: bool) -> Any:
    return array(values) if is_trap_set else np.array(values).view(HostArray)


def as_numpy(values: Any) -> Any:
    return values.numpy() if isinstance(values, array) else np.asarray(values)
