# Parts of all commands: argument types, signals, the end with one sentence.
# SPDX-License-Identifier: Apache-2.0

import argparse
import contextlib
import pathlib
import signal
import sys


def host_port(text):
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def positive(text):
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def die_at_once_when_told_to():
    """Like the router it stands in for, a stand-in ends without closing anything."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def failures_in_one_sentence():
    try:
        yield
    except (OSError, ValueError) as failure:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {failure}")
