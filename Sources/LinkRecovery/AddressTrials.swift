// The order of a host's addresses, and the time for each.
// SPDX-License-Identifier: Apache-2.0

/// The addresses of one host, tried in order within one attempt to connect, without a wait.
///
/// A refused address leads to the next one at once, a silent one after its share of the open timeout.
/// The attempt has failed when all have; the next one begins behind the address that failed last.
package struct AddressTrials: Sendable {
    /// The shortest share of an address.
    static let shareMin: Milliseconds = 250

    private let openTimeout: Milliseconds
    private var attemptDeadline = Instant.distantFuture
    private var left: [String] = []
    private var lastFailed: String?
    /// The address that is being tried; nil between two attempts, and while the host is looked up.
    package private(set) var current: String?
    /// When ``current`` has been silent for too long.
    ///
    /// The last address has what is left of the attempt's own limit.
    package private(set) var deadline = Instant.distantFuture

    /// Makes the trials of one host.
    ///
    /// `openTimeout` bounds an attempt; 0: no limit.
    package init(openTimeout: Milliseconds) {
        self.openTimeout = openTimeout
    }

    /// Begins an attempt; its limit includes the look-up of the host.
    package mutating func begin(now: Instant) {
        end()
        attemptDeadline = openTimeout == 0 ? .distantFuture : now + openTimeout
    }

    /// Takes the addresses of the host; returns the first to try, or nil if there is none.
    package mutating func found(_ addresses: [String], now: Instant) -> String? {
        var distinct: [String] = []
        for address in addresses where !distinct.contains(address) { distinct.append(address) }
        let start = lastFailed.flatMap(distinct.firstIndex).map { ($0 + 1) % distinct.count } ?? 0
        left = Array(distinct[start...] + distinct[..<start])
        return next(now: now)
    }

    /// Whether the share of the current address is over; true once per address.
    ///
    /// The caller then closes the attempt at it, and calls ``failed(now:)``.
    package mutating func isSilent(now: Instant) -> Bool {
        guard deadline <= now else { return false }
        deadline = .distantFuture
        return true
    }

    /// Notes that the current address has refused, or was silent for its share.
    ///
    /// Returns the next address; nil if the attempt has failed.
    package mutating func failed(now: Instant) -> String? {
        lastFailed = current ?? lastFailed
        return next(now: now)
    }

    /// Ends the attempt; `hasFailed`: at the current address, which is tried last in the next attempt.
    package mutating func end(hasFailed: Bool = false) {
        if hasFailed { lastFailed = current ?? lastFailed }
        left = []
        current = nil
        deadline = .distantFuture
    }

    private mutating func next(now: Instant) -> String? {
        guard !left.isEmpty else {
            end()
            return nil
        }
        let share = (attemptDeadline - now) / Milliseconds(left.count)
        let isLast = left.count == 1 || openTimeout == 0
        deadline = isLast ? .distantFuture : now + max(share, Self.shareMin)
        current = left.removeFirst()
        return current
    }
}
