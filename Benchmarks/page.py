# The sections of docs/performance.md that are measured.
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"


def toolchain():
    """The compiler by the version that the limits depend on: "Swift 6.3"."""
    try:
        said = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"Swift version (\d+\.\d+)", said)
    return found and f"Swift {found[1]}"


def circumstances(sender, swift):
    """What the figures hold for, as a sentence."""
    said = subprocess.run([sender, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(sender \S+).*(qpid-proton [\d.]+)", said)
    programs = f"{found[1]} and {found[2]}" if found else said.split("\n")[0]
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return (f"Measured with {programs}, built with {swift or 'an unknown compiler'}, on {system}, "
            f"{platform.machine()}, {os.cpu_count()} CPUs.")


def put(text, heading, body):
    """The text with `body` as all that stands under this heading, down to the next one."""
    lines = text.split("\n")
    start = lines.index(heading) + 1
    end = next((index for index in range(start, len(lines)) if lines[index].startswith("#")), len(lines))
    rest = lines[end:]
    return "\n".join([*lines[:start], "", *body.strip("\n").split("\n"), "", *rest]).rstrip("\n") + "\n"


def write(heading, body):
    PAGE.write_text(put(PAGE.read_text(), heading, body))
