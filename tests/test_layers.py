"""The architecture, held by a test: who may import whom, what may not be imported at all, that no modules import each other, how long a file may be.

The table is `ALLOWED`; everything else here walks syntax trees and compares. Imports inside functions and under
`TYPE_CHECKING` count like any other: a layer that needs the other's types depends on it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
PACKAGE = REPO / "spuframe"
MAX_LINES = 500

BASE = ("errors", "dtypes", "config")

# layer -> (what it may import beside itself, why). The longest name that matches a module decides; "" is spuframe/__init__.py.
ALLOWED: dict[str, tuple[tuple[str, ...], str]] = {
    "errors": ((), "the root of everything: imports nothing"),
    "dtypes": (("errors",), "logical types are words, not machinery"),
    "config": (("errors", "dtypes"), "plain frozen data"),
    "shapes": (("errors",), "what plain data of another process may be; knows no meaning of it"),
    "kernels": (("errors",), "loops over arrays; know nothing of shares, ranks or plans"),
    "link": (("errors", "config"), "bytes between ranks; know nothing of what the bytes mean"),
    "spu": ((*BASE, "ir", "kernels", "link"), "runs physical plans handed in as plain data; never sees plan's modules"),
    "preprocessing": ((*BASE, "ir", "spu", "kernels", "link"), "material that parties make; knows no protocol"),
    "protocols": ((*BASE, "spu", "preprocessing", "kernels", "link"), "a protocol knows the SPU's contract and no other protocol"),
    "plugins": ((*BASE, "spu", "link"), "finds protocols and transports by name; imports none of them by itself"),
    "expr": (("errors", "dtypes"), "expressions are data"),
    "ir": ((*BASE, "shapes", "expr"), "what analyst and parties share: data and pure functions, which run nothing and plan nothing"),
    "plan": ((*BASE, "expr", "ir"), "plans are built and priced with no party in sight: never spu, protocols, link"),
    "runtime": (
        (*BASE, "shapes", "ir", "spu", "link", "kernels", "plugins"),
        "ships and runs physical plans, checks them against policies; never builds or optimises one",
    ),
    "frame": (
        (*BASE, "expr", "ir", "plan", "runtime.runtimes", "runtime.answers", "runtime.profile", "runtime.local"),
        "only builds nodes, and asks the runtimes to run them",
    ),
    "ml": ((*BASE, "expr", "ir", "plan", "frame"), "estimators are written over frames"),
    "testing": (
        (*BASE, "kernels", "link", "spu", "preprocessing", "protocols", "plugins", "expr", "ir", "plan", "runtime"),
        "checks for authors of plugins: sees all below the frame",
    ),
    "testing.estimator": ((*BASE, "plan", "runtime", "frame", "ml"), "checks for authors of estimators, which are written over frames"),
    "": (
        (*BASE, "kernels", "link", "spu", "plugins", "expr", "ir", "plan", "runtime", "frame", "ml", "testing"),
        "explicit exports, of every layer but the protocols, which are found by name",
    ),
}

# Packages whose sub-packages are strangers to each other.
STRANGERS = ("protocols",)

# Bytes of a peer that these could be handed would run as code.
UNSAFE_MODULES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
UNSAFE_ATTRIBUTES = {"read_pickle", "to_pickle"}
# multiprocessing's own channels unpickle what arrives.
UNSAFE_CHANNELS = {"Pipe", "Queue", "SimpleQueue", "JoinableQueue", "Manager", "connection", "managers"}

# Masks, keys and permutations come from the system or from AES streams, never from a statistical generator.
RANDOM_ALLOWED = {"testing": "draws inputs of tests from a seed the author can print; no mask and no key"}

# A module imported by a string escapes the table above.
DYNAMIC_ALLOWED = {
    "plugins": "its purpose: protocols and transports by name",
    "spu.operator": "an operator of the plan by its checked name, out of spu.operators and nowhere else",
    "ir.operators": "the specifications of operators are the modules of this package: listed, so that a new one is one file",
    "ir.aggregates": "the aggregates are the modules of this package: listed, so that a new one is one file",
    "plan.aggregates": "what is computed from other aggregates: likewise",
    "spu.aggregates": "how parties compute what ir.aggregates lists: modules of the same names, and no others",
    "ir.instructions": "the families of instructions of tensor programs are the modules of this package: listed, so that a new one is one file",
    "spu.machine": "how an instruction runs: a function of a specified name in the module of its family, and no other",
    "expr.functions": "the families of functions are the modules of this package: listed, so that a new one is one file",
    "spu.functions": "how the functions of expr.functions run: modules of the same names, and no others",
    "testing.estimator": "finds the estimators of spuframe.ml by walking its modules, so that nobody keeps a list",
    "runtime.nursery": "runs the main of the module that its own node or launcher names for a process, never a request",
    "": "may load a sub-package when first asked for",
}


def name_of(path: Path, package: Path) -> str:
    """`spuframe/plan/rules/__init__.py` -> `plan.rules`; `spuframe/__init__.py` -> the empty name."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def within(name: str, layer: str) -> bool:
    return name == layer if layer == "" else name == layer or name.startswith(layer + ".")


def layer_of(name: str) -> str | None:
    return max((layer for layer in ALLOWED if within(name, layer)), key=len, default=None)


def targets(tree: ast.AST, path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Every module of the package that a file imports, with the line. `spuframe.a.b` is given as `a.b`."""
    root = package.name
    here = [root, *path.relative_to(package).with_suffix("").parts][:-1]  # the package that holds the file
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == root:
                    yield node.lineno, alias.name.partition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            full = [*base, *(node.module.split(".") if node.module else [])]
            if not full or full[0] != root:
                continue
            for alias in node.names:
                # `from spuframe.plan import physical` names a module, `from spuframe.plan import Node` does not.
                inner = package.joinpath(*full[1:], alias.name)
                is_module = inner.with_suffix(".py").exists() or inner.is_dir()
                yield node.lineno, ".".join([*full[1:], alias.name] if is_module else full[1:])


def import_breach(name: str, target: str) -> str | None:
    """Say what is wrong with `name` importing `target`, or nothing."""
    layer = layer_of(name)
    if layer is None:
        return "is in no layer: add it to ALLOWED in tests/test_layers.py"
    if within(target, layer) and (layer or not target):
        for parent in STRANGERS:
            mine, theirs = name.split("."), target.split(".")
            if mine[0] == theirs[0] == parent and len(theirs) > 1 and mine[1:2] != theirs[1:2]:
                return f"imports {target}, a stranger: {parent} know nothing of each other"
        return None
    allowed, reason = ALLOWED[layer]
    if target and any(within(target, a) for a in allowed):
        return None
    return f"imports {target or 'the root package'}, but {layer or 'the root'} may import {', '.join(allowed) or 'nothing'} ({reason})"


def unsafe(node: ast.AST) -> str | None:
    """Say which way of running a peer's bytes as code a node opens, or nothing."""
    if isinstance(node, ast.Import):
        found = [a.name for a in node.names if a.name.split(".")[0] in UNSAFE_MODULES]
        found += [a.name for a in node.names if a.name in {"multiprocessing.connection", "multiprocessing.managers"}]
        return f"imports {found[0]}" if found else None
    if isinstance(node, ast.ImportFrom) and node.module:
        if node.module.split(".")[0] in UNSAFE_MODULES:
            return f"imports {node.module}"
        if node.module.split(".")[0] == "multiprocessing" and UNSAFE_CHANNELS & {*node.module.split("."), *(a.name for a in node.names)}:
            return "uses a channel of multiprocessing, which unpickles what arrives"
    if isinstance(node, ast.Attribute):
        if node.attr in UNSAFE_ATTRIBUTES:
            return f"calls {node.attr}"
        if node.attr in UNSAFE_CHANNELS and isinstance(node.value, ast.Name) and node.value.id in {"multiprocessing", "mp"}:
            return "uses a channel of multiprocessing, which unpickles what arrives"
    if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and not (isinstance(node.value, ast.Constant) and not node.value.value):
        return "sets allow_pickle"
    return None


def draws(node: ast.AST) -> bool:
    """Whether a node reaches for a statistical generator."""
    if isinstance(node, ast.Import):
        return any(a.name == "random" or a.name.startswith("numpy.random") for a in node.names)
    if isinstance(node, ast.ImportFrom) and not node.level:
        names = {f"{node.module}.{a.name}" for a in node.names}
        return node.module == "random" or any(n.startswith("numpy.random") for n in names)
    return isinstance(node, ast.Attribute) and ast.unparse(node) in {"np.random", "numpy.random"}


def dynamic(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in {"import_module", "__import__"}


def breaches(package: Path) -> list[str]:
    """All breaches in a package, one line each, with file and line number."""
    found = []
    for path in sorted(package.rglob("*.py")):
        name, tree = name_of(path, package), ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        where = path.relative_to(package.parent)
        for line, target in targets(tree, path, package):
            if why := import_breach(name, target):
                found.append(f"{where}:{line}: {why}")
        for node in ast.walk(tree):
            line = getattr(node, "lineno", 0)
            if why := unsafe(node):
                found.append(f"{where}:{line}: {why}; nothing is ever unpickled, use msgpack or Arrow")
            if draws(node) and not any(within(name, a) for a in RANDOM_ALLOWED):
                found.append(f"{where}:{line}: statistical randomness; take it from `secrets` or an AES stream")
            if dynamic(node) and not any(within(name, a) for a in DYNAMIC_ALLOWED):
                found.append(f"{where}:{line}: imports by a string, which this test cannot follow; only DYNAMIC_ALLOWED may")
    return found


def imports(package: Path) -> dict[str, set[str]]:
    """By module: the modules of the package that it imports."""
    files = {name_of(path, package): path for path in sorted(package.rglob("*.py"))}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}
    return {name: {t for _, t in targets(trees[name], path, package) if t in files and t != name} for name, path in files.items()}


def circles(package: Path) -> list[tuple[str, ...]]:
    """Modules that import each other, directly or through others; a group for each circle."""
    edges = imports(package)
    below: dict[str, set[str]] = {}
    for name in edges:
        found, stack = set[str](), [name]
        while stack:
            new = edges[stack.pop()] - found
            found |= new
            stack += new
        below[name] = found
    return sorted({tuple(sorted(m for m in below[n] if n in below[m])) for n in below if n in below[n]})


def borrowed(package: Path) -> list[str]:
    """Imports of what another module keeps to itself."""
    found = []
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).split(".")[0] == package.name):
                private = [a.name for a in node.names if a.name.startswith("_") and not a.name.endswith("__")]
                found += [f"{path.relative_to(package.parent)}:{node.lineno}: borrows {name}; give it a public name, or move it" for name in private]
    return found


def too_long(root: Path, limit: int = MAX_LINES) -> list[str]:
    lengths = ((path, path.read_text(encoding="utf-8").count("\n")) for path in sorted(root.rglob("*.py")))
    return [f"{path}: {n} lines, at most {limit}; split it by idea" for path, n in lengths if n > limit]


def test_layers() -> None:
    found = breaches(PACKAGE)
    assert not found, "\n" + "\n".join(found)


def test_no_circle_among_modules() -> None:
    found = circles(PACKAGE)
    assert not found, "these import each other; move what both need below them:\n" + "\n".join(", ".join(group) for group in found)


def test_no_module_borrows_what_another_keeps_to_itself() -> None:
    found = borrowed(PACKAGE)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("folder", ["spuframe", "tests", "benchmarks", "datasets", "examples"])
def test_files_are_short(folder: str) -> None:
    found = too_long(REPO / folder)
    assert not found, "\n" + "\n".join(found)


def test_no_layer_stands_above_itself() -> None:
    """The table has no circle."""
    above = {layer: {a.split(".")[0] for a in allowed} for layer, (allowed, _) in ALLOWED.items()}
    while free := [layer for layer, below in above.items() if not below & above.keys()]:
        for layer in free:
            del above[layer]
    assert not above


# The checker is code too: each of these must be caught, and the innocent ones let through.

GUILTY = {
    "plan/lower.py": ("from spuframe.spu.ring import Ring", "lower.py:1: imports spu.ring, but plan may import"),
    "ir/cost.py": ("def f():\n    import spuframe.link.memory", "cost.py:2: imports link.memory"),
    "ir/physical.py": ("from spuframe.plan.logical import Scan", "physical.py:1: imports plan.logical, but ir may import"),
    "expr/node.py": ("import typing\nif typing.TYPE_CHECKING:\n    from spuframe.plan.logical import Scan", "node.py:3: imports plan"),
    "spu/spu.py": ("from ..plan import logical", "spu.py:1: imports plan.logical"),
    "runtime/runtimes.py": ("from spuframe.plan.lower import lower", "runtimes.py:1: imports plan.lower"),
    "frame/frame.py": ("from spuframe.runtime.runtime import SPURuntime", "frame.py:1: imports runtime.runtime"),
    "runtime/store.py": ("from spuframe import frame", "store.py:1: imports frame"),
    "protocols/semi2k/a.py": ("from spuframe.protocols.aby3 import core", "a.py:1: imports protocols.aby3.core, a stranger"),
    "protocols/plaintext.py": ("from .aby3.core import x", "plaintext.py:1: imports protocols.aby3.core, a stranger"),
    "kernels/prg.py": ("import numpy as np\nx = np.random.default_rng()", "prg.py:2: statistical randomness"),
    "kernels/bits.py": ("from random import shuffle", "bits.py:1: statistical randomness"),
    "link/tcp.py": ("import pickle", "tcp.py:1: imports pickle; nothing is ever unpickled"),
    "link/memory.py": ("import multiprocessing as mp\nq = mp.Queue()", "memory.py:2: uses a channel of multiprocessing"),
    "io/arrow.py": ("import numpy as np\nnp.load('x', allow_pickle=True)", "arrow.py:2: sets allow_pickle"),
    "runtime/node.py": ("import importlib\nimportlib.import_module('spuframe.frame')", "node.py:2: imports by a string"),
    "ml/base.py": ("import spuframe", "base.py:1: imports the root package"),
    "weird/thing.py": ("from spuframe import errors", "thing.py:1: is in no layer"),
}

INNOCENT = {
    "errors.py": "import random_word",
    "dtypes.py": "from spuframe.errors import SchemaError",
    "ir/physical.py": "import numpy as np\nfrom spuframe.expr.node import Node\nnp.load('x', allow_pickle=False)",
    "runtime/runtimes.py": "from spuframe.ir.physical import Plan\nfrom spuframe.ir import physical\nfrom ..spu import ring",
    "protocols/aby3/core.py": "from .sort import f\nfrom spuframe.protocols.aby3.sort import f\nimport spuframe.spu.ring",
    "protocols/aby3/sort.py": "from secrets import token_bytes",
    "ml/linear_model.py": "from spuframe.frame import frame",
    "testing/simulate.py": "import numpy as np\nrng = np.random.default_rng(0)",
    "plugins.py": "import importlib\nimportlib.import_module('spuframe.protocols.aby3')",
    "__init__.py": "from spuframe.frame.frame import SecretFrame",
}


def plant(root: Path, files: dict[str, str]) -> Path:
    package = root / "spuframe"
    skeleton = dict.fromkeys(["ir/physical.py", "plan/logical.py", "protocols/aby3/core.py", "frame/__init__.py", "errors.py"], "")
    for name, text in (skeleton | files).items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return package


@pytest.mark.parametrize("name", GUILTY)
def test_a_planted_breach_is_caught(tmp_path: Path, name: str) -> None:
    text, message = GUILTY[name]
    found = breaches(plant(tmp_path, {name: text}))
    assert len(found) == 1 and message in found[0], found


def test_the_innocent_pass(tmp_path: Path) -> None:
    assert breaches(plant(tmp_path, INNOCENT)) == []


def test_a_circle_is_caught(tmp_path: Path) -> None:
    files = {
        "expr/a.py": "from spuframe.expr import b",
        "expr/b.py": "def f():\n    from spuframe.expr.c import x",
        "expr/c.py": "import typing\nif typing.TYPE_CHECKING:\n    from .a import y",
        "expr/d.py": "from spuframe.expr.a import z",  # above the circle, not in it
    }
    assert circles(plant(tmp_path, files)) == [("expr.a", "expr.b", "expr.c")]


def test_a_borrowed_helper_is_caught(tmp_path: Path) -> None:
    files = {"expr/a.py": "from spuframe import __version__\nfrom _thread import _y\nfrom spuframe.expr.b import _x", "expr/c.py": "from . import _d"}
    assert [line.split(": ", 1) for line in borrowed(plant(tmp_path, files))] == [
        [f"spuframe/expr/{where}", f"borrows {name}; give it a public name, or move it"] for where, name in (("a.py:3", "_x"), ("c.py:1", "_d"))
    ]


def test_a_long_file_is_caught(tmp_path: Path) -> None:
    package = plant(tmp_path, {"expr/expr.py": "x = 1\n" * 500, "expr/node.py": "x = 1\n" * 499})
    assert [line.split(":")[0] for line in too_long(package)] == [str(package / "expr/expr.py")]
