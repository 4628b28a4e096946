// The order in which the addresses of a host are tried, and the time that each has.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import LinkRecovery

@Suite struct AddressTrialsTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

    @Test("addresses are tried in their order, each once, and then the attempt has failed")
    func order() {
        var trials = AddressTrials(openTimeout: 10_000)
        trials.begin(now: at(0))
        #expect(trials.found(["a", "b", "a", "c"], now: at(0)) == "a")
        #expect(trials.failed(now: at(1)) == "b")
        #expect(trials.failed(now: at(2)) == "c")
        #expect(trials.failed(now: at(3)) == nil)
        #expect(trials.current == nil)
    }

    @Test("the next attempt begins behind the address that failed last")
    func rotation() {
        var trials = AddressTrials(openTimeout: 10_000)
        trials.begin(now: at(0))
        #expect(trials.found(["a", "b", "c"], now: at(0)) == "a")
        // It answers, and is no good.
        trials.end(hasFailed: true)
        trials.begin(now: at(100))
        #expect(trials.found(["a", "b", "c"], now: at(100)) == "b")
        // It opens, and is lost later: that is no failure of the address.
        trials.end()
        trials.begin(now: at(200))
        #expect(trials.found(["a", "b", "c"], now: at(200)) == "b")
        #expect(trials.failed(now: at(201)) == "c")
        #expect(trials.failed(now: at(202)) == "a")
        #expect(trials.failed(now: at(203)) == nil)
        trials.begin(now: at(300))
        #expect(trials.found(["a", "b", "c"], now: at(300)) == "b")
        trials.end(hasFailed: true)
        trials.begin(now: at(400))
        #expect(trials.found(["d", "e"], now: at(400)) == "d", "the host has moved")
    }

    @Test("a silent address has its share of what is left of the open timeout")
    func shares() {
        var trials = AddressTrials(openTimeout: 10_000)
        trials.begin(now: at(0))
        #expect(trials.deadline == .distantFuture, "the look-up has the attempt's own limit")
        _ = trials.found(["a", "b", "c"], now: at(1000))
        #expect(trials.deadline == at(4000))
        let silences = [3999, 4000, 4000].map { trials.isSilent(now: at($0)) }
        #expect(silences == [false, true, false], "it is said once")
        _ = trials.failed(now: at(4000))
        #expect(trials.deadline == at(7000))
        _ = trials.failed(now: at(7000))
        #expect(trials.deadline == .distantFuture, "the last has the attempt's own limit")
        trials.end()
        #expect(trials.deadline == .distantFuture)
    }

    @Test("no address has less than 250 ms, and with no limit each has all the time")
    func limits() {
        var trials = AddressTrials(openTimeout: 300)
        trials.begin(now: at(0))
        _ = trials.found(["a", "b", "c"], now: at(290))
        #expect(trials.deadline == at(540))
        trials = AddressTrials(openTimeout: 0)
        trials.begin(now: at(0))
        _ = trials.found(["a", "b"], now: at(0))
        #expect(trials.deadline == .distantFuture)
    }

    @Test("a host without addresses has failed")
    func none() {
        var trials = AddressTrials(openTimeout: 10_000)
        trials.begin(now: at(0))
        #expect(trials.found([], now: at(0)) == nil)
    }
}
