// The progress line, the figures of --stats, and the activity in words.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import SenderCommand

private let start = Instant(milliseconds: 1_000_000)

private func status(
    _ activity: Status.Activity, accepted: Int = 0, inFlight: Int = 0, inDoubt: Int = 0,
    stopsAt: Instant? = nil
) -> Status {
    var summary = Summary()
    summary.taken = accepted + inFlight + inDoubt
    summary.accepted = accepted
    summary.inDoubt = inFlight + inDoubt
    return Status(summary: summary, inFlight: inFlight, activity: activity, stopsAt: stopsAt)
}

@Suite struct StatusTextTests {
    @Test(
        "each activity of a run has words",
        arguments: [
            (Status.Activity.starting, "starting", "starting"),
            (.connecting(attempt: 0), "connecting", "connecting"),
            (.connecting(attempt: 3), "reconnecting, attempt 3", "connecting"),
            (.attaching(attempt: 0), "opening the link", "attaching"),
            (.attaching(attempt: 2), "opening the link again, attempt 2", "attaching"),
            (
                .waiting(.link, attempt: 3, until: start + 1_150), "link lost - retry 3 in 1.2 s",
                "link_lost"
            ),
            (
                .waiting(.session, attempt: 1, until: start), "session lost - retry 1 in 0.0 s",
                "session_lost"
            ),
            (
                .waiting(.connection, attempt: 1, until: start + -5),
                "connection lost - retry 1 in 0.0 s", "connection_lost"
            ),
            (.givingUp(.link), "link given up", "giving_up"),
            (.givingUp(.connection), "connection given up", "giving_up"),
            (.sending, "sending", "sending"),
            (.noCredit(since: start + -999), "sending", "sending"),
            (.noCredit(since: start + -12_900), "no credit for 12 s", "no_credit"),
            (.awaitingOutcomes, "waiting for outcomes", "awaiting_outcomes"),
            (.closing, "closing", "closing"),
        ])
    func activities(activity: Status.Activity, words: String, state: String) {
        #expect(status(activity).words(at: start) == words)
        #expect(status(activity).state(at: start) == state)
        let stopping = status(activity, stopsAt: start + 3_200)
        #expect(stopping.words(at: start) == "stopping within 3.2 s: " + words)
    }

    @Test("the line has all figures where there is room")
    func figures() {
        var line = ProgressLine(total: 1000)
        _ = line.text(status(.sending), at: start, columns: 120)
        let text = line.text(
            status(.sending, accepted: 250, inFlight: 9, inDoubt: 2), at: start + 500, columns: 120)
        #expect(
            text == "accepted 250/1000 (25%), 500.0/s, 2 s left, in flight 9, in doubt 2, sending")
    }

    @Test(
        "in a narrow window the least important figures are left out",
        arguments: [
            (70, "accepted 250/1000 (25%), 0.0/s, in flight 9, in doubt 2, sending"),
            (63, "accepted 250/1000 (25%), 0.0/s, in doubt 2, sending"),
            (50, "accepted 250/1000 (25%), in doubt 2, sending"),
            (40, "accepted 250/1000 (25%), sending"),
            (31, "accepted 250/1000, sending"),
            (12, "accepted 250"),
            (0, ""), (-1, ""),
        ])
    func narrow(columns: Int, expected: String) {
        var line = ProgressLine(total: 1000)
        let status = status(.sending, accepted: 250, inFlight: 9, inDoubt: 2)
        #expect(line.text(status, at: start, columns: columns) == expected)
    }

    @Test("without a total there is no share")
    func noTotal() {
        var line = ProgressLine(total: nil)
        #expect(
            line.text(status(.sending, accepted: 7), at: start, columns: 80)
                == "accepted 7, 0.0/s, in flight 0, in doubt 0, sending")
        var none = ProgressLine(total: 0)
        #expect(none.text(status(.closing), at: start, columns: 20) == "accepted 0/0, closin")
    }

    @Test("the count of refused messages shows once there are some")
    func refused() {
        var status = status(.sending, accepted: 1)
        status.summary.rejected = 2
        status.summary.givenUp = 1
        var line = ProgressLine(total: 9)
        #expect(
            line.text(status, at: start, columns: 120)
                == "accepted 1/9 (11%), rejected 2, given up 1, 0.0/s, in flight 0, in doubt 0, "
                + "sending")
    }

    @Test("how long the rest takes is said where it is known, and while messages are sent")
    func rest() {
        func text(_ activity: Status.Activity, total: Int? = 990, perSecond: Int = 10) -> String {
            var line = ProgressLine(total: total)
            _ = line.text(status(activity), at: start, columns: 120)
            return line.text(
                status(activity, accepted: perSecond * 10), at: start + 10_000,
                columns: 120)
        }
        #expect(text(.sending).contains("10.0/s, 89 s left, in flight"))
        #expect(text(.awaitingOutcomes, perSecond: 20).contains(", 40 s left, "))
        #expect(text(.sending, total: 100_000).contains(", 2 h 47 min left, "))
        #expect(text(.sending, total: 10_000).contains(", 17 min left, "))
        for line in [
            text(.sending, total: nil), text(.sending, perSecond: 0), text(.sending, total: 100),
            text(.waiting(.link, attempt: 1, until: start + 11_000)), text(.noCredit(since: start)),
        ] {
            #expect(!line.contains("left"), "\(line)")
        }
    }

    @Test("the rate is that of the last seconds")
    func rate() {
        var meter = RateMeter(over: 1000)
        #expect(meter.note(5, at: start) == 0)
        #expect(meter.note(15, at: start + 500) == 200)
        #expect(meter.note(25, at: start + 1000) == 200)
        #expect(meter.note(25, at: start + 1500) == 100)
        #expect(meter.note(25, at: start + 2000) == 0)
        #expect(meter.note(26, at: start + 60_000) == 0)
    }

    @Test("an interval has its own rate, and a missed one is not made up for")
    func intervals() throws {
        var stats = StatsLine(every: 1000, from: start)
        var figures = TimingFigures()
        let none = stats.next(status(.sending), figures, at: start + 999)
        #expect(none?.elapsed == nil)
        figures.timings.latencies.add(1500, count: 10)
        let ten = stats.next(status(.sending, accepted: 10, inFlight: 1), figures, at: start + 1000)
        let first = try #require(ten)
        #expect(
            first.text
                == "stats: elapsed 1000 ms, accepted 10, rate 10.0/s in 1000 ms, rejected 0, "
                + "given up 0, in flight 1, in doubt 0, resent 0, latency from first send: "
                + "count 10, min 1.500, mean 1.500, p50 1.500, p95 1.500, p99 1.500, p99.9 1.500, "
                + "max 1.500 ms, sending")
        let lost = status(
            .waiting(.link, attempt: 2, until: start + 5100), accepted: 15, inDoubt: 1)
        figures.timings.latencies.add(200_000)
        figures.timings.interruptions.add(2_345_678)
        let late = stats.next(lost, figures, at: start + 3500)
        let second = try #require(late)
        #expect(second.interval == 2500 && second.tenthsPerSecond == 20)
        #expect(
            second.text.contains("resent 0, latency from first send: count 1, min "))
        #expect(second.text.contains(", interruptions: count 1, min 2345.7, mean 2345.7, p50 "))
        #expect(second.text.hasSuffix(", max 2345.7 ms, link lost - retry 2 in 1.6 s"))
        #expect(stats.dueAt == start + 4000)
        var json = JSONLines()
        json.add("stats", at: 0) { second.write(to: &$0) }
        #expect(
            String(decoding: json.bytes, as: UTF8.self).hasSuffix(
                #""interruptions":{"count":1,"min_ms":2345.678,"mean_ms":2345.678,"p50_ms":2345.678,"#
                    + #""p95_ms":2345.678,"p99_ms":2345.678,"p99_9_ms":2345.678,"max_ms":2345.678},"#
                    + #""state":"link_lost","attempt":2,"retry_in_ms":1600}"# + "\n"))
        #expect(
            String(decoding: json.bytes, as: UTF8.self).contains(
                #""in_doubt":1,"waiting":0,"resent":0,"latency":{"since":"first_send","count":1,"#))
    }
}
