// The time limit of tests.
// SPDX-License-Identifier: Apache-2.0

import Testing

extension Trait where Self == TimeLimitTrait {
    /// Ends a test that hangs, and no other.
    ///
    /// The tests start all at once and wait for each other, which counts: on a machine that does something else, too, a
    /// test of a millisecond has taken ten minutes.
    static var endsIfItHangs: Self { .timeLimit(.minutes(30)) }
}
