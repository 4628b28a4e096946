// How fast messages reach their end.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

/// The rate over the last few seconds.
struct RateMeter {
    private let length: Milliseconds
    private var samples: [(time: Instant, count: Int)] = []

    init(over length: Milliseconds = 3000) {
        self.length = length
    }

    /// Takes the count at this time and gives the rate up to then, in tenths per second.
    mutating func note(_ count: Int, at now: Instant) -> Int {
        samples.append((now, count))
        // One sample at or before the beginning of the length stays: the rate is over all of it.
        while samples.count > 2, samples[1].time <= now + -length { samples.removeFirst() }
        return tenthsPerSecond(count - samples[0].count, in: now - samples[0].time)
    }
}

/// A rate in tenths per second; 0 when no time has passed.
func tenthsPerSecond(_ count: Int, in length: Milliseconds) -> Int {
    guard length > 0 else { return 0 }
    return Int((Double(count) * 10_000 / Double(length)).rounded())
}

/// A number of tenths with its one decimal.
func decimal(tenths: Int) -> String {
    "\(tenths / 10).\(tenths % 10)"
}

extension Summary {
    /// Messages that went well as far as is known.
    var doneCount: Int { accepted + unconfirmed }

    /// Their rate over the whole run, in tenths per second.
    var rateInTenths: Int { tenthsPerSecond(doneCount, in: max(elapsed, 1)) }
}

extension Status {
    /// As of the account so far.
    var doneCount: Int { summary.doneCount }
}
