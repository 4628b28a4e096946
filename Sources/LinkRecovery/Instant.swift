// Time, which is handed to the state machines with each event.
// SPDX-License-Identifier: Apache-2.0

/// A length of time in milliseconds.
public typealias Milliseconds = Int64

/// A point on a monotonic clock, in milliseconds since an arbitrary moment.
public struct Instant: Sendable, Hashable, Comparable {
    /// The clock's reading.
    public var milliseconds: Int64

    /// Makes a point in time from the clock's reading.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Later than every other.
    public static let distantFuture = Instant(milliseconds: .max)

    /// The point `length` later; far lengths stop at the distant future.
    public static func + (instant: Instant, length: Milliseconds) -> Instant {
        let (sum, overflow) = instant.milliseconds.addingReportingOverflow(length)
        return overflow ? .distantFuture : Instant(milliseconds: sum)
    }

    /// The time between two points.
    public static func - (later: Instant, earlier: Instant) -> Milliseconds {
        later.milliseconds - earlier.milliseconds
    }

    /// Whether one point comes before another.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
