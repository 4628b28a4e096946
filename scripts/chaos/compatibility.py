#!/usr/bin/python3
# Fills docs/compatibility.md: each broker that is there, behind each router that is there, with each fault.
# SPDX-License-Identifier: Apache-2.0

import argparse
import asyncio
import collections
import datetime
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile

import matrix
from network import Network, PeerFailure
from processes import ROOT, output_of
from rounds import Round, address_of

PAGE = ROOT / "docs" / "compatibility.md"
RABBITMQ_LIBRARY = pathlib.Path("/usr/lib/rabbitmq/lib")
CHOICES = {"broker": matrix.BROKERS, "router": matrix.ROUTERS, "number": matrix.NUMBERS,
           "route": matrix.ROUTES, "fault": matrix.FAULTS}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Runs the sender against each broker and router that is there, inflicts each fault, has "
                    "another client count what arrived, and puts the results into docs/compatibility.md. Cases "
                    "that are not run keep their results. Status 1: a case failed, or could not be run.")
    for name, choices in CHOICES.items():
        parser.add_argument(f"--{name}", action="append", choices=list(choices),
                            help="only this; may be repeated")
    parser.add_argument("--messages", type=int, default=10000, metavar="N", help="in each case (default 10000)")
    parser.add_argument("--seconds", type=float, default=4,
                        help="over which the messages are spread (default 4)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="set-ups at a time (default 2)")
    parser.add_argument("--page", type=pathlib.Path, default=PAGE, metavar="FILE")
    parser.add_argument("--keep", metavar="FOLDER", type=pathlib.Path,
                        help="keep all logs there (default: those of a failure, in a temporary folder)")
    parser.add_argument("--sender", type=pathlib.Path, metavar="FILE",
                        default=os.environ.get("SENDER_BINARY", ROOT / ".build/release/sender"))
    options = parser.parse_args()
    if not os.access(options.sender, os.X_OK):
        parser.error(f"{options.sender} is not there; make build builds it")
    return options


def wanted(options):
    """The faults of each set-up, as far as they are asked for."""
    groups = collections.defaultdict(list)
    for case in matrix.cases():
        if all(getattr(case, name) in (getattr(options, name) or choices) for name, choices in CHOICES.items()):
            groups[matrix.Setup(*case[:4])].append(case)
    return groups


async def reason_against(setup):
    """Why this set-up can't be run here, or nothing."""
    major = setup.broker.removeprefix("RabbitMQ ")
    if major != setup.broker and not list(RABBITMQ_LIBRARY.glob(f"rabbitmq_server-{major}.*")):
        return f"not run: {setup.broker} was not there"
    for script, variable, name in (("start-broker.sh", "BROKER", matrix.BROKERS[setup.broker]),
                                   ("start-router.sh", "ROUTER", setup.router)):
        status, _ = await output_of(["env", f"{variable}={name}", ROOT / "scripts" / script, "--which"], 20)
        if status != 0:
            return f"not run: {name} was not there"
    return ""


def round_options(options):
    """What a round of the chaos wants to know."""
    return argparse.Namespace(
        messages=options.messages, spread=options.seconds, retry_interval=500, limit=180, trace=False,
        duplicate_ids=False, sender=options.sender, sender_arguments=["--idle-timeout", "8000"])


async def play(setup, cases, options, folder):
    """The results of a set-up; of one that does not get ready, the reason instead."""
    results = {case: matrix.Result(remark=matrix.impossible(case)) for case in cases if matrix.impossible(case)}
    cases = [case for case in cases if case not in results]
    if reason := await reason_against(setup):
        return results | {case: matrix.Result(remark=reason) for case in cases}
    folder.mkdir(parents=True)
    network = Network(
        folder, matrix.BROKERS[setup.broker], setup.router, matrix.NUMBERS[setup.number],
        [address_of(number) for number in range(1, len(cases) + 1)],
        takes_messages=setup.route == "message", has_proxies=True)
    try:
        await network.start()
        versions = ", ".join([*network.versions(setup.broker.split()[0], setup.router), options.version])
        for number, case in enumerate(cases, 1):
            round_folder = folder / f"round-{number}"
            round_folder.mkdir()
            played = Round(round_options(options), network, round_folder, number,
                           matrix.faults(case, options.messages))
            await played.play()
            results[case] = matrix.verdict(played, versions, datetime.date.today())
            print(matrix.row([*case, *results[case]]), flush=True)
    except PeerFailure as failure:
        print(f"compatibility: {', '.join(setup)}: {failure}", file=sys.stderr, flush=True)
        for case in cases:
            results.setdefault(case, matrix.Result(remark="not run: a peer was not ready"))
    finally:
        await network.end()
    return results


async def play_all(options, folder):
    turn = asyncio.Semaphore(options.jobs)
    results = {}

    async def in_turn(setup, cases):
        async with turn:
            results.update(await play(setup, cases, options, folder / "-".join(setup).replace(" ", "-")))
            text = options.page.read_text()
            now = matrix.merged(matrix.parsed(text), results)
            options.page.write_text(matrix.put(text, now))

    await asyncio.gather(*(in_turn(setup, cases) for setup, cases in wanted(options).items()))
    return results


async def main(options):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asyncio.current_task().cancel)
    _, said = await output_of([options.sender, "--version"], 20)
    options.version = " ".join(said.split()[:2])
    folder = (options.keep or pathlib.Path(tempfile.mkdtemp(prefix="sender-compatibility-"))).resolve()
    results = await play_all(options, folder)
    failed = sum(bool(result.remark) for result in results.values())
    if options.keep or failed:
        print(f"logs: {folder}")
    else:
        shutil.rmtree(folder)
    print(f"{len(results) - failed} cases passed, {failed} failed or were not run")
    return 1 if failed else 0


if __name__ == "__main__":
    # Swift's Foundation has processes born with signals blocked.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        sys.exit(asyncio.run(main(parse_arguments())))
    except asyncio.CancelledError:
        sys.exit(130)
