# The lines that a stand-in prints: whole, and at once, so that a script can wait for one.
# SPDX-License-Identifier: Apache-2.0


def line(text):
    print(text, flush=True)
