// Counts what arrived, with a program of its own.
// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Expects each sequence up to `count` in what count.py is given: a store, or a queue, from which it takes them.
@discardableResult
func expectCounted(
    upTo count: Int, in place: [String], sourceLocation: SourceLocation
) throws -> ChildProcess {
    let counter = try ChildProcess(
        "count", executable: Places.python,
        arguments: [Places.standIn("count.py")] + place + ["--expect", "\(count)"])
    let status = try counter.wait(seconds: 180)
    #expect(status == 0, "\(counter.allOutput)", sourceLocation: sourceLocation)
    return counter
}
