"""Find uv, or fetch it, and print its path: `make setup` needs nothing but python3 and make.

In this order: uv on PATH; the copy that an earlier call left in .uv/; a fresh .uv/ by venv and pip; and, for Debian's
python3 without venv, uv's own wheel from the package index, its SHA-256 checked. Only the standard
library, any Python 3.8 or newer.
"""

import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import urljoin

OLDEST = (0, 9)
ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".uv"
UV = HOME / "bin" / "uv"
INDEX = "https://pypi.org/pypi/uv/json"


def main():
    for find in (on_path, fetched_before, by_pip, by_download):
        uv = find()
        if uv and new_enough(uv):
            print(uv)
            return
    sys.exit(
        "uv could neither be found nor fetched. Install uv {}.{} or newer (https://docs.astral.sh/uv), "
        "put it on PATH, then run make again.".format(*OLDEST)
    )


def on_path():
    return shutil.which("uv")


def fetched_before():
    return str(UV) if UV.is_file() else None


def by_pip():
    """uv in a virtual environment of its own, or None where this Python cannot make one."""
    requirement = "uv>={}.{},<1".format(*OLDEST)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    for command in ([sys.executable, "-m", "venv", "--clear", str(HOME)], pip):
        try:
            outcome = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        except OSError:
            return None
        if outcome.returncode:
            say(f"`{' '.join(command[1:4])}` failed; fetching uv's wheel instead")
            return None
    return str(UV)


def by_download():
    """uv's program out of the newest wheel for this machine, or None where there is none to be had."""
    try:
        with urllib.request.urlopen(INDEX, timeout=60) as answer:
            files = json.load(answer)["urls"]
        this_machine = (sys.platform, platform.machine(), platform.libc_ver()[0])
        wheel = next((file for file in files if fits(file["filename"], *this_machine)), None)
        if wheel is None:
            say(f"no wheel of uv for {sys.platform} on {platform.machine()}")
            return None
        with urllib.request.urlopen(urljoin(INDEX, wheel["url"]), timeout=300) as answer:
            content = answer.read()
    except OSError as failure:
        say(f"the package index could not be reached ({failure})")
        return None
    if hashlib.sha256(content).hexdigest() != wheel["digests"]["sha256"]:
        sys.exit(f"{wheel['filename']} arrived damaged (its SHA-256 differs from the index's); run make again")
    unpack(content)
    return str(UV)


def fits(wheel, system, machine, libc):
    """Whether a wheel named like `uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl` runs there."""
    machine = {"AMD64": "x86_64", "aarch64": "(?:aarch64|arm64)"}.get(machine, machine)
    flavour = {"darwin": "macosx", "linux": "manylinux" if libc == "glibc" else "musllinux"}.get(system)
    return bool(flavour and re.search(rf"-py3-none-(?:.*\.)?{flavour}_[0-9a-z_]*_{machine}(?:\.|$)", wheel))


def unpack(wheel):
    """Write the wheel's program to .uv/bin/uv; a half-written one is never left under that name."""
    UV.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        packed = Path(folder) / "uv.whl"
        packed.write_bytes(wheel)
        with zipfile.ZipFile(packed) as archive:
            program = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
            archive.extract(program, folder)
        extracted = Path(folder) / program
        extracted.chmod(0o755)
        extracted.replace(UV)


def new_enough(uv):
    try:
        text = subprocess.run([uv, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    except OSError:
        return False
    found = re.search(r"(\d+)\.(\d+)", text or "")
    return bool(found) and (int(found[1]), int(found[2])) >= OLDEST


def say(what):
    print(f"get_uv: {what}", file=sys.stderr)


if __name__ == "__main__":
    main()
