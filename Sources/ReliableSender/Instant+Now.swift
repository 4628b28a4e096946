// The clock of every run.
// SPDX-License-Identifier: Apache-2.0

public import LinkRecovery
internal import Proton

extension Instant {
    /// This moment, on the clock of every run.
    public static var now: Instant { Instant(microseconds: Container.monotonicMicroseconds) }
}
