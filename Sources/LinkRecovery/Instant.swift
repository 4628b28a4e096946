// Time, which is handed to the state machines with each event.
// SPDX-License-Identifier: Apache-2.0

/// A length of time in milliseconds.
public typealias Milliseconds = Int64

/// A length of time in microseconds, as latencies are measured.
public typealias Microseconds = Int64

/// A point on a monotonic clock, since an arbitrary moment.
public struct Instant: Sendable, Hashable, Comparable {
    /// The clock's reading in microseconds.
    public var microseconds: Int64

    /// Makes a point in time from the clock's reading.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Makes a point in time from the clock's reading in milliseconds.
    public init(milliseconds: Int64) {
        self = Instant(microseconds: 0) + milliseconds
    }

    /// Later than every other.
    public static let distantFuture = Instant(microseconds: .max)

    /// The clock's reading in milliseconds that have passed.
    public var milliseconds: Int64 { microseconds / 1000 }

    /// The point `length` later; far lengths stop at the distant future.
    ///
    /// Modules that do not import this one have no operators of its types.
    public func advanced(by length: Milliseconds) -> Instant {
        let (product, isLong) = length.multipliedReportingOverflow(by: 1000)
        let (sum, isFar) = microseconds.addingReportingOverflow(product)
        return isLong || isFar ? .distantFuture : Instant(microseconds: sum)
    }

    /// As ``advanced(by:)``.
    public static func + (instant: Instant, length: Milliseconds) -> Instant {
        instant.advanced(by: length)
    }

    /// The time between two points, in milliseconds that have passed.
    public func milliseconds(since earlier: Instant) -> Milliseconds {
        microseconds(since: earlier) / 1000
    }

    /// As ``milliseconds(since:)``.
    public static func - (later: Instant, earlier: Instant) -> Milliseconds {
        later.milliseconds(since: earlier)
    }

    /// The time between two points in microseconds.
    public func microseconds(since earlier: Instant) -> Microseconds {
        microseconds - earlier.microseconds
    }

    /// Whether one point comes before another.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.microseconds < right.microseconds
    }
}
