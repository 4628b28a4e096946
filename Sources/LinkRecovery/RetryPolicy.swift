// The delays between attempts.
// SPDX-License-Identifier: Apache-2.0

/// The wait between attempts: interval × multiplierⁿ, at most `maximum`, less some jitter.
///
/// With interval 100, multiplier 2 and maximum 5000:
///
/// | attempt | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
/// | --- | --- | --- | --- | --- | --- | --- | --- | --- |
/// | delay in ms | 100 | 200 | 400 | 800 | 1600 | 3200 | 5000 | 5000 |
public struct RetryPolicy: Sendable, Hashable {
    /// The first wait, at least 1.
    ///
    /// - Units: milliseconds.
    /// - Default: 2 s.
    public var interval: Milliseconds
    /// Growth from one wait to the next, at least 1.
    ///
    /// - Default: 1, which is none.
    public var multiplier: Double
    /// The longest wait, at least `interval`.
    ///
    /// - Units: milliseconds.
    /// - Default: 2 s, or the interval if that is more.
    public var maximum: Milliseconds
    /// Each wait is drawn from [wait × (1 − jitter), wait]; 0 to 1.
    ///
    /// - Default: 0.
    public var jitter: Double
    /// Failed attempts in a row after which a sender ends; -1: no limit.
    ///
    /// - Default: -1.
    public var attempts: Int

    /// Makes a policy; without a maximum it is the larger of 2000 and the interval.
    public init(
        interval: Milliseconds = 2000, multiplier: Double = 1, maximum: Milliseconds? = nil,
        jitter: Double = 0, attempts: Int = -1
    ) {
        self.interval = interval
        self.multiplier = multiplier
        self.maximum = maximum ?? max(2000, interval)
        self.jitter = jitter
        self.attempts = attempts
    }

    /// The wait before an attempt, counted from 1, without jitter.
    public func delay(attempt: Int) -> Milliseconds {
        var delay = Double(interval)
        var step = 1
        // The loop ends early: past the maximum nothing changes any more.
        while step < attempt, multiplier > 1, delay < Double(maximum) {
            delay *= multiplier
            step += 1
        }
        return delay < Double(maximum) ? Milliseconds(delay) : maximum
    }

    /// The wait before an attempt, counted from 1, drawn with this generator.
    public func delay(attempt: Int, using random: inout RandomSource) -> Milliseconds {
        let longest = delay(attempt: attempt)
        guard jitter > 0 else { return longest }
        // Not exact when rounding has made it larger than any wait.
        let shortest = Milliseconds(exactly: (Double(longest) * (1 - jitter)).rounded(.up))
        guard let shortest, shortest < longest else { return longest }
        return shortest + Milliseconds(random.next(upTo: UInt64(longest - shortest)))
    }
}
