"""What runs the toolkit elsewhere: workflows and the container call make's targets, which exist."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def made(command: str) -> list[str]:
    """The targets that a line of shell makes."""
    found = []
    for part in re.split(r"&&|;", command):
        words = [word for word in shlex.split(part) if word != "sudo"]
        if "make" in words and words[0] in ("make", "docker"):
            found += words[words.index("make") + 1 :]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def instructions(path: Path) -> list[tuple[str, str]]:
    """Of a Dockerfile: each with its words, lines that go on joined."""
    text = re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def test_targets_of_a_command_are_seen():
    assert made("sudo apt-get update && sudo make tools") == ["tools"]
    assert made("docker run --rm image make demo") == ["demo"]
    assert made("echo make x") == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_makes_targets_that_there_are(path: Path):
    targets = [target for step in steps(path) for target in made(step.get("run", ""))]
    assert targets
    assert set(targets) <= TARGETS


def test_changes_are_checked_tested_documented_shown_and_packed():
    (path,) = (path for path in WORKFLOWS if path.stem == "checks")
    targets = {target for step in steps(path) for target in made(step.get("run", ""))}
    assert targets == {"tools", "check", "test", "docs", "demo", "wheels"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_sees_all_tags_and_takes_actions_of_one_version(path: Path):
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert True in text, "`on`, which YAML reads as true"
    for step in steps(path):
        action = step.get("uses", "")
        assert not action or re.fullmatch(r"actions/[a-z-]+@v\d+", action)
        if action.startswith("actions/checkout"):
            assert step["with"]["fetch-depth"] == 0
    assert all(job["timeout-minutes"] for job in text["jobs"].values())


def test_the_container_sets_up_and_shows_the_whole_loop():
    found = instructions(ROOT / "Dockerfile")
    names = [name for name, _ in found]
    assert names == ["FROM", "RUN", "WORKDIR", "COPY", "RUN", "ENV", "CMD"]
    words = dict(found)
    assert words["FROM"] == "debian:bookworm-slim"  # its Python is 3.11, the oldest that serves
    assert made(words["RUN"]) == ["setup"]
    assert yaml.safe_load(words["CMD"]) == ["make", "demo"]
    assert {"setup", "demo"} <= TARGETS


def test_what_was_built_here_does_not_go_into_the_container():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".venv", "build", "dist", "**/*.so"} <= set(ignored)
    assert ".git" not in ignored  # the version is that of the last tag
