// The rules of recovery that a user can set, with their defaults.
// SPDX-License-Identifier: Apache-2.0

/// Window, limits on waiting and retry policy of a run.
public struct RecoveryOptions: Sendable, Hashable {
    /// Whether another connection may follow a failed one; with several endpoints it always may.
    ///
    /// - Default: false; true for a connection of the library.
    public var mayReconnect = false
    /// The delays between attempts, whatever was lost, and how many may fail in a row.
    public var retry = RetryPolicy()
    /// Messages are sent settled: final when they are sent, with no outcome to come (§2.8.2).
    ///
    /// Window and outcome timeout are then about what has not left, and the outcome timeout also
    /// about the peer's answer to the close of the link, which ends a run.
    package var isPreSettled = false
    /// Maximum of a sender's messages that are taken and not final, at least 1.
    ///
    /// - Default: 1,000.
    public var window = 1000
    /// The same in bytes, for all senders together; 0: no bound.
    ///
    /// A larger message goes alone.
    ///
    /// - Units: bytes of encoded messages.
    /// - Default: 1 MiB.
    public var windowBytes = 1_048_576
    /// Maximum of resends of a message that a live link returned (released or modified, §3.4.4, §3.4.5);
    /// -1: no limit.
    ///
    /// - Default: -1.
    public var redeliveries = -1
    /// Names of error conditions (§2.8.15 to §2.8.18, and others) that trying again does not cure.
    ///
    /// The loss of a link, a session or a connection with one of them ends the run, whatever was
    /// accepted before. A rejection with one of them is final for its message, and the run goes on.
    /// A condition in both lists is fatal.
    ///
    /// - Default: none; the specification's own are known without.
    public var fatalConditions: [String] = []
    /// Names of error conditions that trying again may cure.
    ///
    /// A link that is lost with one of them is opened again, always, and a connection is made again
    /// where another one may follow. A rejection with one of them counts as released.
    ///
    /// - Default: none.
    public var retryableConditions: [String] = []
    /// Time to wait for the answer to a connect, a begin or an attach; with several endpoints also the
    /// time that an endpoint may refuse a link before the next one is tried.
    ///
    /// - Units: milliseconds; 0: no limit.
    /// - Default: 10 s.
    public var openTimeout: Milliseconds = 10_000
    /// Time to wait for the outcome of the oldest delivery in flight before its link is given up.
    ///
    /// Counted again from when the peer was last seen to read, and doubled at each expiry without an
    /// acceptance between, to 16 times this at most.
    ///
    /// - Units: milliseconds; 0: no limit.
    /// - Default: 60 s.
    public var outcomeTimeout: Milliseconds = 60_000
    /// Time without credit (§2.6.7) before that is reported.
    ///
    /// - Units: milliseconds; 0: it never is.
    /// - Default: 5 s.
    public var creditNotice: Milliseconds = 5_000
    /// Time without credit, with nothing in flight, before the link is opened again.
    ///
    /// - Units: milliseconds; 0: it never is.
    /// - Default: 60 s.
    public var creditReopen: Milliseconds = 60_000
    /// Time without credit though there is use for it, whatever is lost meanwhile, before the
    /// sender ends.
    ///
    /// - Units: milliseconds; 0: no limit.
    /// - Default: 0.
    public var creditTimeout: Milliseconds = 0
    /// Time in which taken messages may still become final once a stop was requested, and time to wait for
    /// the answer to a close.
    ///
    /// - Units: milliseconds; 0: no wait.
    /// - Default: 5 s.
    public var drainTimeout: Milliseconds = 5_000

    /// Whether the login is by a token that can end while the connection is up, and is then renewed.
    ///
    /// If a connection has accepted messages and then rejects one with `amqp:unauthorized-access`, that is no
    /// verdict on the message: another connection follows, with another login, if one may, and the message is
    /// sent again. Rejected once more, it is rejected.
    /// - Default: false.
    public var isLoginRenewable = false

    /// Makes options with the defaults.
    public init() {}
}

/// The pace of new messages: a burst every interval, or a rate.
public struct SendPace: Sendable, Hashable {
    /// The time between two bursts.
    ///
    /// - Units: milliseconds; 0 or less: as fast as credit and window allow.
    public var interval: Milliseconds = 1000
    /// Messages per interval; less than 1 means 1.
    public var burst = 1
    /// Messages per second, instead of bursts.
    ///
    /// A message that can't be sent when it is due is sent as soon as credit and window allow.
    /// - Default: 0. At 0 or less, or NaN, ``interval`` and ``burst`` apply. Infinity: as fast as credit and window
    ///   allow.
    public var rate = 0.0
    /// Of a rate, the time from the first credit to its first message: of several links, each has another.
    ///
    /// - Units: milliseconds.
    public var rateDelay: Milliseconds = 0

    /// Makes a pace with the defaults.
    public init() {}
}
