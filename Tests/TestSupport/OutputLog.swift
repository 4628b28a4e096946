// The output of a process so far, to wait for.
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Gathers what a pipe gives, line by line.
///
/// - Isolation: any thread.
package final class OutputLog: @unchecked Sendable {
    // All of it is guarded by the condition's lock.
    private let condition = NSCondition()
    private var gathered: [String] = []
    private var partial: [UInt8] = []
    private var openPipes = 0

    package init() {}

    package var lines: [String] {
        condition.lock()
        defer { condition.unlock() }
        return gathered
    }

    /// All of it, with the ends of the lines.
    package var text: String {
        condition.lock()
        defer { condition.unlock() }
        return gathered.map { $0 + "\n" }.joined() + String(decoding: partial, as: UTF8.self)
    }

    /// A pipe whose other end may be given to a process.
    package func makePipe() -> Pipe {
        condition.lock()
        openPipes += 1
        condition.unlock()
        let pipe = Pipe()
        let reader = pipe.fileHandleForReading
        // Not a readability handler: when its descriptor is closed and another pipe gets the same
        // number at once, that one may never be told of anything.
        Thread.detachNewThread { [self] in
            while true {
                let data = reader.availableData
                append(data)
                if data.isEmpty { break }
            }
            // A Process that has ended keeps its pipes, open ones, too.
            try? reader.close()
        }
        return pipe
    }

    private func append(_ data: Data) {
        condition.lock()
        defer { condition.unlock() }
        if data.isEmpty { openPipes -= 1 }
        for byte in data {
            if byte == UInt8(ascii: "\n") {
                gathered.append(String(decoding: partial, as: UTF8.self))
                partial.removeAll(keepingCapacity: true)
            } else {
                partial.append(byte)
            }
        }
        condition.broadcast()
    }

    /// Waits until the lines satisfy a predicate.
    ///
    /// Returns whether they did, in time and before the writer's end.
    package func wait(seconds: Double, until holds: ([String]) -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while !holds(gathered) {
            if openPipes == 0 || !condition.wait(until: deadline) { return holds(gathered) }
        }
        return true
    }

    /// Waits until every pipe was closed at its other end.
    package func waitForEnd(seconds: Double) -> Bool {
        let deadline = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while openPipes > 0 {
            if !condition.wait(until: deadline) { return openPipes == 0 }
        }
        return true
    }
}
