"""The figures of the code: counted right on a small package, and what must stay at zero in ours."""

from __future__ import annotations

import pytest

from tools.code_figures import EQUAL_LINES, HERE, Checkout

MANY_LINES = "\n".join(f"value_{number} = {number}" for number in range(EQUAL_LINES))

NUMBERS = '''"""Doc

of three lines."""

# a comment


class Twice:
    """Doc."""

    def two(self):
        return (
            2)
'''

FILES = {
    "tests/test_architecture.py": 'ROWS = (("core",), ("low", "next_to_low"), ("high",))\n',
    "vla_isaac/__init__.py": '"""Nothing."""\n',
    "vla_isaac/core/__init__.py": "",
    "vla_isaac/core/numbers.py": NUMBERS,
    "vla_isaac/low/__init__.py": "",
    "vla_isaac/low/first.py": f"import vla_isaac.low.second\nimport vla_isaac.next_to_low.aside\n{MANY_LINES}\n",
    "vla_isaac/low/second.py": "def later():\n    import vla_isaac.low.first\n",
    "vla_isaac/next_to_low/__init__.py": "",
    "vla_isaac/next_to_low/aside.py": f"class Twice:\n    pass\n\n\n# apart\n{MANY_LINES}\nlast = 0\n",
    "vla_isaac/high/__init__.py": "",
    "vla_isaac/high/top.py": "from vla_isaac.low import first\nif TYPE_CHECKING:\n    import vla_isaac.none\n",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root = tmp_path_factory.mktemp("checkout")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Checkout(root)


def test_code_lines_leave_out_docstrings_comments_and_blank_lines(small: Checkout) -> None:
    by_module = {file.module: len(file.code_lines) for file in small.files}
    assert by_module["vla_isaac.core.numbers"] == 4
    assert by_module["vla_isaac"] == 0
    assert by_module["vla_isaac.low.first"] == 2 + EQUAL_LINES


def test_function_lengths_count_code_lines(small: Checkout) -> None:
    numbers = next(file for file in small.files if file.module == "vla_isaac.core.numbers")
    assert numbers.function_lengths == [3]


def test_what_should_not_be_there_is_found(small: Checkout) -> None:
    assert [sorted(cycle) for cycle in small.cycles()] == [["vla_isaac.low.first", "vla_isaac.low.second"]]
    assert small.repeated_classes() == {"Twice": ["vla_isaac.core.numbers", "vla_isaac.next_to_low.aside"]}
    assert small.broken_layers() == [("vla_isaac.low.first", "vla_isaac.next_to_low.aside")]
    assert small.equal_places() == [("vla_isaac.low.first:3", "vla_isaac.next_to_low.aside:6")]


def test_our_package_has_none_of_it() -> None:
    assert list(Checkout(HERE).details()) == []
