// Which address of a host is tried next, and for how long.
// SPDX-License-Identifier: Apache-2.0

/// The addresses of one host, tried in order within one attempt to connect, without a wait.
///
/// A refused address leads to the next one at once, a silent one after its share of the open timeout.
/// The attempt has failed when all have; the next one begins behind the address that failed last.
public struct AddressTrials: Sendable {
    /// No address gets less, however many there are.
    static let shareMin: Milliseconds = 250

    private let openTimeout: Milliseconds
    private var attemptDeadline = Instant.distantFuture
    private var left: [String] = []
    private var lastFailed: String?
    /// The address that is tried now; nil between two attempts, and while the host is looked up.
    public private(set) var current: String?
    /// When ``current`` has been silent for too long.
    ///
    /// The last address has what is left of the attempt's own limit.
    public private(set) var deadline = Instant.distantFuture

    /// Makes the trials of one host.
    ///
    /// `openTimeout` bounds an attempt; 0: no limit.
    public init(openTimeout: Milliseconds) {
        self.openTimeout = openTimeout
    }

    /// Begins an attempt; the look-up of the host counts.
    public mutating func begin(now: Instant) {
        end()
        attemptDeadline = openTimeout == 0 ? .distantFuture : now + openTimeout
    }

    /// Takes the addresses that the host has now, and gives the first to try.
    public mutating func found(_ addresses: [String], now: Instant) -> String? {
        var distinct: [String] = []
        for address in addresses where !distinct.contains(address) { distinct.append(address) }
        let start = lastFailed.flatMap(distinct.firstIndex).map { ($0 + 1) % distinct.count } ?? 0
        left = Array(distinct[start...] + distinct[..<start])
        return next(now: now)
    }

    /// Whether the current address has been silent for its share; says so once.
    ///
    /// ``failed(now:)`` follows when it has been left.
    public mutating func isSilent(now: Instant) -> Bool {
        guard deadline <= now else { return false }
        deadline = .distantFuture
        return true
    }

    /// The current address has failed: it refused, or was silent for its share.
    ///
    /// Gives the next; nil when the attempt has failed with it.
    public mutating func failed(now: Instant) -> String? {
        lastFailed = current ?? lastFailed
        return next(now: now)
    }

    /// Ends the attempt at an address that answered; `hasFailed` when it was no good.
    public mutating func end(hasFailed: Bool = false) {
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
