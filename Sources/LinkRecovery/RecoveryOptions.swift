// The rules of recovery that a user can set, with their defaults.
// SPDX-License-Identifier: Apache-2.0

/// Window, limits on waiting and retry policy of a run.
public struct RecoveryOptions: Sendable, Hashable {
    /// Whether another connection may follow a failed one; with several endpoints it may anyhow.
    public var mayReconnect = false
    /// The wait between attempts on every rung of the ladder.
    public var retry = RetryPolicy()
    /// Messages are sent settled: final when they are sent, with no outcome to come (§2.8.2).
    ///
    /// Window and outcome timeout are then about what has not left, and the outcome timeout also
    /// about the peer's answer to the close of the link, which ends a run.
    public var isPreSettled = false
    /// Messages taken and not final, at least 1.
    public var window = 1000
    /// The same in bytes; 0: no bound.
    ///
    /// A larger message goes alone.
    public var windowBytes = 1_048_576
    /// How often a message that a living link returned is sent again; -1: without end.
    public var redeliveries = -1
    /// Conditions that trying again does not cure.
    ///
    /// The loss of a link, a session or a connection with one of them ends the run, whatever was
    /// accepted before. A rejection with one of them is final for its message, and the run goes on.
    /// A condition in both lists is fatal.
    public var fatalConditions: [String] = []
    /// Conditions that trying again may cure.
    ///
    /// A link that is lost with one of them is opened again, always, and a connection is made again
    /// where another one may follow. A rejection with one of them counts as released.
    public var retryableConditions: [String] = []
    /// Connect, session or attach unanswered; with several endpoints also refusals in a row, after
    /// which the next endpoint is tried.
    ///
    /// 0: no limit.
    public var openTimeout: Milliseconds = 10_000
    /// The oldest delivery in flight has no outcome.
    ///
    /// 0: no limit.
    public var outcomeTimeout: Milliseconds = 60_000
    /// No credit: it is said.
    ///
    /// 0: never.
    public var creditNotice: Milliseconds = 5_000
    /// No credit with nothing in flight: the link is opened again.
    ///
    /// 0: never.
    public var creditReopen: Milliseconds = 60_000
    /// No credit though there is use for it, on whatever rung of the ladder: the run ends.
    ///
    /// 0: no limit.
    public var creditTimeout: Milliseconds = 0
    /// After a stop was asked for, and for the closing handshake.
    ///
    /// 0: no wait.
    public var drainTimeout: Milliseconds = 5_000

    /// Makes options with the defaults.
    public init() {}
}

/// The pace of new messages: a burst every interval.
public struct SendPace: Sendable, Hashable {
    /// 0: as fast as credit and window allow.
    public var interval: Milliseconds = 1000
    /// Messages per interval, at least 1.
    public var burst = 1

    /// Makes a pace with the defaults.
    public init() {}
}
