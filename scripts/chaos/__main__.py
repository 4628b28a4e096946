# Chaos: broker and routers are killed and stopped at random while the sender sends, and another client counts.
# SPDX-License-Identifier: Apache-2.0

import argparse
import asyncio
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile

import plan
from network import Network, PeerFailure, logs_in
from processes import ROOT, output_of
from rounds import Round, address_of

HEADER = ("round", "seed", "faults", "missing", "duplicates", "resent", "losses", "reconnects",
          "interrupted", "seconds", "verdict")
ROW = "{:>5} {:>10} {:>6} {:>8} {:>10} {:>7} {:>6} {:>10} {:>11} {:>7}  {}"


def positive(text):
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Kills and stops broker and routers at random while the sender sends, and has "
                    "another client count.\nWith --topology pair, two routers at the client's "
                    "side lead to one at the broker's, the sender has\n--failover, and each peer may "
                    "also be cut off: its connections stay open, and nothing gets through.\nA round passes if nothing is missing, duplicates are "
                    "at most what the sender says it sent again,\nand the sender ends by itself "
                    "with status 0 and an account that adds up.",
        epilog="scenarios: " + ", ".join(plan.SCENARIOS) + "; all: each that the topology has "
               "the peers for.\nBROKER, ROUTER and ARTEMIS_HOME as for scripts/start-broker.sh "
               "and scripts/start-router.sh.")
    parser.add_argument("--rounds", type=positive, default=10)
    parser.add_argument("--seed", type=int, help="of the first round; each other has the next "
                        "number (default: a random one)")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME",
                        help="instead of random faults; may be repeated")
    parser.add_argument("--topology", choices=plan.TARGETS, default="single")
    parser.add_argument("--messages", type=positive, default=10000, metavar="N",
                        help="in each round (default 10000)")
    parser.add_argument("--storm", type=float, metavar="SECONDS",
                        help="random faults for so long, one after the other and at once; the "
                             "sender spreads its messages over that time")
    parser.add_argument("--longest", type=float, metavar="SECONDS",
                        help="of a random fault (default 20, in a storm 5)")
    parser.add_argument("--limit", type=float, default=180, metavar="SECONDS",
                        help="in which the sender has to end when all is well again (default 180)")
    parser.add_argument("--retry-interval", type=positive, default=500, metavar="MS",
                        help="the sender's -s (default 500)")
    parser.add_argument("--duplicate-ids", action="store_true",
                        help="the sender gives its messages duplicate ids, and not one duplicate "
                             "is allowed: Artemis and the stand-in broker honour them")
    parser.add_argument("--sender", type=pathlib.Path, metavar="FILE",
                        default=os.environ.get("SENDER_BINARY", ROOT / ".build/release/sender"))
    parser.add_argument("--trace", action="store_true", help="the sender traces its frames")
    parser.add_argument("--keep", metavar="FOLDER", type=pathlib.Path,
                        help="keep all logs in this new folder (default: those of a failure, in a "
                             "temporary one)")
    parser.add_argument("sender_arguments", nargs="*", metavar="-- SENDER'S OPTIONS")
    options = parser.parse_args()
    check(parser, options)
    return options


def check(parser, options):
    if not os.access(options.sender, os.X_OK):
        parser.error(f"{options.sender} is not there; make build builds it")
    if options.keep and options.keep.exists() and any(options.keep.iterdir()):
        parser.error(f"{options.keep} is not empty")    # what is not a log is removed from it
    if options.scenario == ["all"]:
        options.scenario = plan.scenarios(options.topology)
    for name in options.scenario:
        if name not in plan.scenarios(options.topology):
            parser.error(f"--topology {options.topology} has no scenario {name!r}")
    if options.storm and options.scenario:
        parser.error("--storm and --scenario exclude each other")
    options.spread = options.storm
    if options.longest is None:
        options.longest = 5 if options.storm else 20
    if options.seed is None:
        options.seed = random.randrange(1, 10**6)
    if options.duplicate_ids:
        options.sender_arguments.append("--duplicate-id")


def plans(options):
    """Round by round: the name or seed, and the faults."""
    for index in range(options.rounds):
        if options.scenario:
            for name in options.scenario:
                yield name, plan.scenario(name, options.messages)
        else:
            seed = options.seed + index
            if options.storm:
                yield seed, plan.storm(seed, options.topology, options.storm, options.longest)
            else:
                yield seed, plan.draw(seed, options.topology, options.messages, options.longest)


def row(number, name, played):
    account = played.account
    interruption = max(0, account["longest interruption"]) / 1000
    return ROW.format(
        number, name if isinstance(name, int) else "-", f"{played.inflicted}/{len(played.faults)}",
        played.counted.get("missing", "?"), played.counted.get("duplicates", "?"),
        account["resent"], account["link losses"], account["reconnects"], f"{interruption:.1f}",
        f"{played.seconds:.1f}", "; ".join(played.problems) or "passed")


async def play_all(options, broker, router, folder):
    """Returns how many rounds failed."""
    all_plans = list(plans(options))
    network = Network(folder, broker, router, options.topology,
                      [address_of(number) for number in range(1, len(all_plans) + 1)])
    failures = 0
    rows = []
    try:
        await network.start()
        for number, (name, faults) in enumerate(all_plans, 1):
            print(f"round {number} ({name}): " + "; ".join(map(str, faults)), flush=True)
            round_folder = folder / f"round-{number}"
            round_folder.mkdir()
            played = Round(options, network, round_folder, number, faults)
            await played.play()
            rows.append(row(number, name, played))
            print(rows[-1], flush=True)
            failures += bool(played.problems)
            if not played.problems and not options.keep:
                shutil.rmtree(round_folder)
    finally:
        # A second ^C is not to leave processes behind.
        on_signals(lambda: None)
        await network.end()
        print("\n" + ROW.format(*HEADER), *rows, sep="\n", flush=True)
    return failures


def on_signals(function):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, function)


def clean_up(folder, keeps_logs):
    """Data of brokers is never kept: the next run has its own, and it may be large."""
    if not keeps_logs:
        shutil.rmtree(folder)
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith("round-"):
            shutil.rmtree(path)
        elif path.suffix not in (".log", ".conf") and path.is_file():
            path.unlink()
    print(f"logs: {folder}", *logs_in(folder), sep="\n  ")


async def which(script, variable):
    status, said = await output_of([ROOT / "scripts" / script, "--which"], 20)
    if status != 0:
        raise PeerFailure(f"{variable}: {said}")
    return said.splitlines()[-1]


async def main(options):
    on_signals(asyncio.current_task().cancel)
    broker = await which("start-broker.sh", "BROKER")
    router = await which("start-router.sh", "ROUTER")
    folder = (options.keep or pathlib.Path(tempfile.mkdtemp(prefix="sender-chaos-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{broker} behind {router}, {options.topology}; {options.messages} messages a round; "
          f"seed {options.seed}", flush=True)
    status = 2
    try:
        failures = await play_all(options, broker, router, folder)
        status = 1 if failures else 0
        print(f"{failures} rounds failed" if failures else "all rounds passed")
    except asyncio.CancelledError:
        status = 130
    finally:
        clean_up(folder, options.keep is not None or status in (1, 2))
    return status


def run():
    # Swift's Foundation has processes born with signals blocked.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    options = parse_arguments()
    try:
        return asyncio.run(main(options))
    except PeerFailure as failure:
        print(f"chaos: {failure}", file=sys.stderr)
        return 2
    except asyncio.CancelledError:
        return 130                      # before anything was started


if __name__ == "__main__":
    sys.exit(run())
