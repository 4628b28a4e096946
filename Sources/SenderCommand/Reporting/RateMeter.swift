// Rates of messages.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// The rate over the last few seconds.
struct RateMeter {
    private let length: Milliseconds
    private var samples: [(time: Instant, count: Int)] = []

    init(over length: Milliseconds = 3000) {
        self.length = length
    }

    /// Adds a sample; returns the rate in tenths per second.
    mutating func note(_ count: Int, at now: Instant) -> Int {
        samples.append((now, count))
        // Keeps one sample at or before the start of the interval, so that the rate covers all of it.
        while samples.count > 2, samples[1].time <= now.advanced(by: -length) {
            samples.removeFirst()
        }
        return tenthsPerSecond(
            count - samples[0].count, in: now.milliseconds(since: samples[0].time))
    }
}

/// A rate in tenths per second; 0 for no time.
func tenthsPerSecond(_ count: Int, in length: Milliseconds) -> Int {
    guard length > 0 else { return 0 }
    return Int((Double(count) * 10_000 / Double(length)).rounded())
}

/// Formats tenths with one decimal.
func decimal(tenths: Int) -> String {
    "\(tenths / 10).\(tenths % 10)"
}

extension Summary {
    /// Messages accepted or unconfirmed.
    var doneCount: Int { accepted + unconfirmed }

    /// The rate over the whole run, in tenths per second.
    var rateInTenths: Int { tenthsPerSecond(doneCount, in: max(elapsed, 1)) }
}

extension Status {
    /// Messages accepted or unconfirmed so far.
    var doneCount: Int { summary.doneCount }
}
