"""What a training computes in: half precision only where the hardware is made for it."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from vla_isaac.training import hardware  # noqa: E402

PROCESSORS = [
    ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "fp32"),
    ({"avx512_f": True, "avx512_bf16": False}, "fp32"),
    ({"avx512_bf16": True}, "bf16"),
    ({"amx_bf16": True}, "bf16"),
    ({"neon": True, "bf16": True}, "bf16"),
    ({"neon": True, "bf16": False}, "fp32"),
]


@pytest.fixture
def processor(monkeypatch):
    """Return a function after which the processor has these instructions, and there is no GPU."""

    def has(features, library=True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features, raising=False)
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: library)

    return has


@pytest.mark.parametrize(("features", "chosen"), PROCESSORS)
def test_half_precision_is_taken_where_the_processor_has_instructions_for_it(processor, features, chosen):
    processor(features)
    assert hardware.find_hardware("bf16").precision == chosen
    assert hardware.find_hardware("fp32").precision == "fp32"


def test_instructions_that_no_library_uses_are_none(processor):
    processor({"bf16": True}, library=False)
    assert hardware.find_hardware("bf16").precision == "fp32"


def test_an_older_torch_is_asked_what_its_library_can_do(processor, monkeypatch):
    processor({})
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    known = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    assert hardware.has_bf16("cpu") is known


def test_a_gpu_that_only_emulates_it_computes_in_single_precision(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert not hardware.has_bf16("cuda")


@pytest.mark.parametrize(("precision", "kind"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_large_layers_compute_in_what_was_chosen(precision, kind):
    one = hardware.OneDevice(precision, "cpu")
    with one.arithmetic():
        assert torch.nn.Linear(4, 4)(torch.zeros(2, 4)).dtype == kind


def test_what_is_computed_in_is_told_before_the_first_update(processor, config, dataset, tmp_path, capsys):
    from dataclasses import replace

    from vla_isaac.training.training_run import train

    processor({"avx2": True})
    train(replace(config, precision="bf16", steps=1, epoch_steps=1), [dataset], tmp_path / "run")
    assert "training on    cpu in fp32, because it has no instructions for bf16\n" in capsys.readouterr().err
    train(replace(config, steps=1, epoch_steps=1), [dataset], tmp_path / "other")
    assert "training on    cpu in fp32\n" in capsys.readouterr().err
