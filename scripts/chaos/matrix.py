# The cases of docs/compatibility.md and the table of their results. Nothing is run here.
# SPDX-License-Identifier: Apache-2.0

import collections

import plan

HEADING = "## Results"

# Name in the table: that in BROKER.
BROKERS = {"Artemis": "artemis", "RabbitMQ 3": "rabbitmq", "RabbitMQ 4": "rabbitmq", "qpidd": "qpidd",
           "stand-in": "stand-in"}
ROUTERS = ("qdrouterd", "skrouterd", "stand-in")
ROUTES = ("link", "message")
NUMBERS = {"one": "single", "two": "dual"}
BROKER_KILLED, BROKER_STOPPED, ROUTER_KILLED, PARTITION = FAULTS = (
    "broker killed", "broker stopped", "router killed", "partition")
KILLED_S = 3
# Longer than the routers' own idle timeout, 16 s, and the sender's.
STOPPED_S = 20
NO_STORE = "not run: qpidd keeps nothing when it is killed, without its module store"

Setup = collections.namedtuple("Setup", "broker router number route")
Case = collections.namedtuple("Case", [*Setup._fields, "fault"])
# With `sent` empty it was not run, and the remark says why.
Result = collections.namedtuple(
    "Result", "sent missing duplicates away interruption versions date remark", defaults=[""] * 8)
HEADER = ["router", "routers", "route", "fault", "sent", "missing", "duplicates", "peer away",
          "longest interruption", "versions", "date", "remark"]


def setups():
    """In the order of the table. skupper-router has no link routes; the stand-ins are for each other."""
    for broker in BROKERS:
        for router in ROUTERS:
            if (broker == "stand-in") != (router == "stand-in"):
                continue
            for route in ROUTES:
                if router == "skrouterd" and route == "link":
                    continue
                for number in NUMBERS:
                    yield Setup(broker, router, number, route)


def cases():
    return [Case(*setup, fault) for setup in setups() for fault in FAULTS]


def impossible(case):
    """Why a case says nothing about the sender, or nothing."""
    return NO_STORE if case.broker == "qpidd" and case.fault == BROKER_KILLED else ""


def faults(case, messages):
    """When three tenths of the messages are accepted. Partitioned is what is between the sender and its
    router, with two routers what is between these."""
    target, kind, for_s = {
        BROKER_KILLED: (plan.BROKER, plan.KILL, KILLED_S),
        BROKER_STOPPED: (plan.BROKER, plan.STOP, STOPPED_S),
        ROUTER_KILLED: (plan.CLIENT_ROUTER, plan.KILL, KILLED_S),
        PARTITION: (plan.CLIENT_ROUTER if case.number == "one" else plan.BROKER_ROUTER, plan.CUT, STOPPED_S),
    }[case.fault]
    return [plan.Fault(target, kind, messages * 3 // 10, 0, for_s)]


def verdict(played, versions, date):
    """What came of a round."""
    problems = played.problems if played.inflicted else ["all was sent before the fault"]
    return Result(
        sent=f"{played.options.messages:,}", missing=f"{played.counted['missing']:,}",
        duplicates=f"{played.counted['duplicates']:,}", away=f"{played.away_s:.1f} s",
        interruption=f"{played.run.longest_pause_s:.1f} s",
        versions=versions, date=str(date), remark=f"**failed**: {'; '.join(problems)}" if problems else "")


# ---- The page --------------------------------------------------------------------------------------------------------


def parts(text):
    """What stands before the section of the results, in it, and behind it."""
    start = text.index(f"{HEADING}\n") + len(HEADING) + 1
    end = text.find("\n## ", start) + 1 or len(text)
    return text[:start], text[start:end], text[end:]


def put(text, results):
    """The text with the tables of these results in their section."""
    before, _, behind = parts(text)
    return f"{before}\n{rendered(results)}" + (f"\n{behind}" if behind else "")


def parsed(text):
    """The results of the tables, by case."""
    results, broker = {}, None
    for line in parts(text)[1].splitlines():
        if line.startswith("### "):
            broker = line.removeprefix("### ")
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == len(HEADER) and cells != HEADER and set(cells[0]) != {"-"}:
            router, number, route, fault, *rest = cells
            results[Case(broker, router, number, route, fault)] = Result(*rest)
    return results


def merged(old, new):
    """What was run replaces what there is; what could not be run keeps what was run before."""
    results = {}
    for case in cases():
        was, now = old.get(case), new.get(case)
        if now is None or (was and was.sent and not now.sent):
            results[case] = was
        else:
            results[case] = now
    return {case: result or Result(remark="not run yet") for case, result in results.items()}


def rendered(results):
    lines = [summary(results)]
    for broker in dict.fromkeys(case.broker for case in results):
        lines += ["", f"### {broker}", "", row(HEADER), row(["---"] * len(HEADER))]
        for case, result in results.items():
            if case.broker == broker:
                lines.append(row([*case[1:], *result]))
    return "\n".join(lines) + "\n"


def row(cells):
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def summary(results):
    run = [result for result in results.values() if result.sent]
    sent, missing, duplicates = (sum(int(getattr(result, name).replace(",", "")) for result in run)
                                 for name in ("sent", "missing", "duplicates"))
    failed = sum(bool(result.remark) for result in run)
    return (f"{len(run)} of {len(results)} cases were run, with {sent:,} messages: {missing:,} missing, "
            f"{duplicates:,} duplicates. {failed or 'No'} case{'s' * (failed != 1)} failed.")
