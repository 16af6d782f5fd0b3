"""What no file may do: run data as code. And what is installed: files whose hashes are known. An exception is written
here with its reason."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("docendo", "benchmarks", "recipes", "docs", "requirements", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
}
FORBIDDEN_CALLS = {
    "eval": "eval",
    "exec": "exec",
    "compile": "compile",
    "__import__": "__import__",
    "builtins.eval": "eval",
    "builtins.exec": "exec",
    "builtins.compile": "compile",
    "torch.load": "torch.load",
    "torch.serialization.load": "torch.load",
    "torch.jit.load": "torch.load",
    "torch.hub.load": "torch.load",
    "pandas.read_pickle": "pickle",
    "yaml.load": "yaml.load",
    "yaml.load_all": "yaml.load",
    "yaml.full_load": "yaml.load",
    "yaml.unsafe_load": "yaml.load",
    "os.system": "shell",
    "os.popen": "shell",
    "subprocess.getoutput": "shell",
    "subprocess.getstatusoutput": "shell",
    "asyncio.create_subprocess_shell": "shell",
    "tempfile.mktemp": "tempfile.mktemp",
    "hashlib.md5": "weak hash",
    "hashlib.sha1": "weak hash",
    "ssl._create_unverified_context": "unverified",
}
FORBIDDEN_VALUES = {
    "shell": "shell",
    "allow_pickle": "allow_pickle",
    "trust_remote_code": "trust_remote_code",
}
"""Keywords that may be nothing but False, or what a caller says."""
WANTED_VALUES = {
    "weights_only": "torch.load",
    "verify": "unverified",
    "use_safetensors": "torch.load",
}
"""Keywords that may not be False."""
EXCEPTIONS = {
    (
        "docendo/sandbox/harness.py",
        "exec",
    ): "runs in the sandbox: a model's program is what it is for",
    ("docendo/sandbox/harness.py", "eval"): "as above",
    ("docendo/sandbox/harness.py", "compile"): "as above",
    (
        "benchmarks/gym_answers.py",
        "eval",
    ): "arithmetic that reasoning-gym made, on a developer's machine",
    (
        "tests/problems/test_programs.py",
        "exec",
    ): "programs that docendo's own families made",
    ("tests/problems/test_programs.py", "eval"): "as above",
    ("tests/problems/test_functions.py", "eval"): "as above",
    ("tests/test_docs.py", "exec"): "the examples of docendo's own pages",
    (
        "tests/sandbox/test_isolated.py",
        "exec",
    ): "the example of docendo's own page on sandboxes",
    (
        "tests/testing/test_grading.py",
        "exec",
    ): "programs of check_sandbox, run without a sandbox to show that it finds that",
    ("tests/testing/test_grading.py", "eval"): "as above",
}


def names_in(tree: ast.AST) -> dict[str, str]:
    """The full name of everything imported, by the name that it has here."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                found[a.asname or a.name.partition(".")[0]] = (
                    a.name if a.asname else a.name.partition(".")[0]
                )
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    """``torch.load`` for the expression, whatever torch is called here; empty for anything but dotted names."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        above = full_name(node.value, names)
        return f"{above}.{node.attr}" if above else ""
    return ""


def breaches(code: str) -> list[tuple[str, int]]:
    """Rules that the code breaks, and in which line."""
    tree = ast.parse(code)
    names, found = names_in(tree), list[tuple[str, int]]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
            )
            found += [
                (m, node.lineno)
                for m in (m.partition(".")[0] for m in modules)
                if m in FORBIDDEN_MODULES
            ]
        if isinstance(
            node, ast.Name | ast.Attribute
        ):  # called, handed on, or given another name
            rule = FORBIDDEN_CALLS.get(full_name(node, names))
            found += [(rule, node.lineno)] if rule else []
        if isinstance(node, ast.Call):
            found += [(rule, node.lineno) for rule in _spoken(node, names)]
    return sorted(set(found), key=lambda breach: breach[1])


def _spoken(call: ast.Call, names: dict[str, str]) -> list[str]:
    """Rules that a call's arguments break."""
    found = list[str]()
    for keyword in call.keywords:
        value = keyword.value
        if (
            keyword.arg in FORBIDDEN_VALUES
            and isinstance(value, ast.Constant)
            and value.value
        ):
            found.append(FORBIDDEN_VALUES[keyword.arg])
        if (
            keyword.arg in WANTED_VALUES
            and isinstance(value, ast.Constant)
            and value.value is False
        ):
            found.append(WANTED_VALUES[keyword.arg])
    called, first = full_name(call.func, names), call.args[0] if call.args else None
    if called in {"importlib.import_module", "hashlib.new"} and isinstance(
        first, ast.Constant
    ):
        name = str(first.value).lower().replace("-", "")
        found += (
            [name.partition(".")[0]] if name.partition(".")[0] in FORBIDDEN_MODULES else []
        )
        found += (
            ["weak hash"] if called == "hashlib.new" and name in {"md5", "sha1"} else []
        )
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_runs_data_as_code(path: Path) -> None:
    where = path.relative_to(ROOT).as_posix()
    found = [
        (rule, line)
        for rule, line in breaches(path.read_text())
        if (where, rule) not in EXCEPTIONS
    ]
    assert not found


def test_every_exception_to_the_rules_is_needed() -> None:
    used = {
        (where, rule)
        for where, _ in EXCEPTIONS
        for rule, _ in breaches((ROOT / where).read_text())
    }
    assert set(EXCEPTIONS) <= used


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("import pickle", "pickle"),
        ("import pickle as p", "pickle"),
        ("from pickle import loads", "pickle"),
        ("from importlib import import_module\nimport_module('pickle')", "pickle"),
        ("import pandas as pd\npd.read_pickle('x')", "pickle"),
        ("import marshal", "marshal"),
        ("import shelve", "shelve"),
        ("import dill", "dill"),
        ("from cloudpickle import dumps", "cloudpickle"),
        ("import joblib", "joblib"),
        ("import torch\ntorch.load('x')", "torch.load"),
        ("import torch as t\nt.load('x', weights_only=True)", "torch.load"),
        ("from torch import load\nload('x')", "torch.load"),
        ("import torch\nread = torch.load", "torch.load"),
        ("model.load('x', weights_only=False)", "torch.load"),
        ("AutoModel.from_pretrained('x', use_safetensors=False)", "torch.load"),
        ("import yaml\nyaml.load(text)", "yaml.load"),
        ("from yaml import load as read\nread(text)", "yaml.load"),
        ("import yaml\nyaml.unsafe_load(text)", "yaml.load"),
        ("eval(text)", "eval"),
        ("run = eval", "eval"),
        ("exec(text)", "exec"),
        ("import builtins\nbuiltins.exec(text)", "exec"),
        ("compile(text, 'x', 'exec')", "compile"),
        ("__import__('os')", "__import__"),
        ("import subprocess\nsubprocess.run(text, shell=True)", "shell"),
        ("Popen(text, shell=1)", "shell"),
        ("import os\nos.system(text)", "shell"),
        ("from os import system as go\ngo(text)", "shell"),
        ("import os\nos.popen(text)", "shell"),
        ("from subprocess import getoutput\ngetoutput(text)", "shell"),
        ("import numpy as np\nnp.load('x', allow_pickle=True)", "allow_pickle"),
        ("import tempfile\ntempfile.mktemp()", "tempfile.mktemp"),
        ("from tempfile import mktemp\nmktemp()", "tempfile.mktemp"),
        ("import hashlib\nhashlib.md5(b'')", "weak hash"),
        ("from hashlib import sha1\nsha1(b'')", "weak hash"),
        ("import hashlib\nhashlib.new('SHA-1')", "weak hash"),
        ("AutoModel.from_pretrained('x', trust_remote_code=True)", "trust_remote_code"),
        ("import httpx2\nhttpx2.get('x', verify=False)", "unverified"),
    ],
)
def test_planted_dangerous_code_is_found(planted: str, rule: str) -> None:
    assert rule in [found for found, _ in breaches(planted)]


@pytest.mark.parametrize(
    "harmless",
    [
        "import re\nre.compile('x')",
        "model.eval()",
        "import ast\nast.literal_eval('1')",
        "import json\njson.load(file)",
        "import numpy as np\nnp.load('x', allow_pickle=False)",
        "factory.mktemp('x')",
        "from safetensors.torch import load_file\nload_file('x')",
        "import subprocess\nsubprocess.run(['ls'], shell=False)",
        "load(name, trust_remote_code=trusted)",
        "import hashlib\nhashlib.blake2b(b'')",
        "text = 'import pickle; eval(x)'",
    ],
)
def test_harmless_code_breaks_no_rule(harmless: str) -> None:
    assert breaches(harmless) == []


def pins(name: str) -> list[str]:
    """Each requirement of a file in one line."""
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", ["setup.txt", "cpu.txt", "model.txt", "gym.txt"])
def test_everything_that_make_installs_is_pinned_with_hashes(name: str) -> None:
    for line in pins(name):
        assert re.fullmatch(r"[\w.-]+==[\w.]+( +--hash=sha256:[0-9a-f]{64})+", line), line
    makefile = (ROOT / "Makefile").read_text()
    assert f"-r requirements/{name}" in makefile
    assert "://" not in (ROOT / "requirements" / name).read_text()


def test_make_installs_nothing_whose_hash_is_not_known() -> None:
    recipes = [
        line
        for line in (ROOT / "Makefile").read_text().splitlines()
        if line.startswith("\t")
    ]
    installs = [line for line in recipes if "$(INSTALL)" in line or "pip install" in line]
    assert len(installs) == 6
    assert [
        line
        for line in installs
        if "$(INSTALL)" not in line
        and "--require-hashes" not in line
        and "--no-deps --editable ." not in line
    ] == []
    assert re.search(
        r"^INSTALL := .*--require-hashes", (ROOT / "Makefile").read_text(), re.MULTILINE
    )


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    wheel = tmp_path / "toy-1.0-py3-none-any.whl"
    wheel.write_bytes(b"not what was pinned")
    (tmp_path / "r.txt").write_text(f"toy==1.0 --hash=sha256:{'0' * 64}\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-index",
        "--find-links",
        str(tmp_path),
    ]
    command += [
        "--dry-run",
        "--isolated",
        "--target",
        str(tmp_path / "to"),
        "-r",
        str(tmp_path / "r.txt"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_pins_are_read_and_written_and_what_is_no_pin_is_refused() -> None:
    sys.path.insert(0, str(ROOT / "requirements"))
    try:
        import pin
    finally:
        sys.path.pop(0)
    text = (ROOT / "requirements" / "cpu.txt").read_text()
    assert pin.written(pin.read_pins(text)) == text
    info = {"archive_info": {"hashes": {"sha256": "ab"}}}
    report = {"install": [{"metadata": {"name": "My_Pkg.x"}, "download_info": info}]}
    assert pin.hashes_in(report) == {"my-pkg-x": {"sha256:ab"}}
    for wrong in ("numpy>=2", "numpy==2 --index-url=x", "-e .", "numpy==2 --hash=md5:0"):
        with pytest.raises(ValueError, match="no pin"):
            pin.read_pins(wrong)
