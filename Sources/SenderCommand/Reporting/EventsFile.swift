// The file of events.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Appends JSON lines to a file, named pipe or terminal, on a thread of its own.
///
/// - Isolation: any thread.
/// - Blocks: no.
final class EventsFile: Sendable {
    private let path: String
    private let file: OpenFile
    private let writer: OutputWriter

    /// Opens the file, or creates it readable by its owner only.
    ///
    /// `others` are the other files of this run.
    init(
        _ path: String, besides others: DistinctFiles, wallClock: @escaping WallClock
    ) throws {
        self.path = path
        file = try Self.open(path)
        var files = others
        try files.add("--events", file.identity)
        writer = try OutputWriter(descriptor: file.descriptor) {
            droppedEventsNote($0, $1, at: wallClock())
        }
        var start: [UInt8] = file.hasTornLine(at: path) ? [UInt8(ascii: "\n")] : []
        writer.submit(&start)
    }

    private static func open(_ path: String) throws(UsageError) -> OpenFile {
        let file: OpenFile
        let type: mode_t
        do throws(SystemError) {
            // Non-blocking: open would wait for the other end of a named pipe.
            file = try OpenFile(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, mode: 0o600)
            type = try file.status.st_mode & S_IFMT
        } catch {
            throw refusal(path, error)
        }
        guard [S_IFREG, S_IFIFO, S_IFCHR].contains(type) else { throw notWritable(path) }
        return file
    }

    private static func refusal(_ path: String, _ error: SystemError) -> UsageError {
        var status = stat()
        guard error.number == ENXIO, stat(path, &status) == 0 else {
            return UsageError("--events \(quoted(path)) can't be opened for appending: \(error)")
        }
        return switch status.st_mode & S_IFMT {
        case S_IFIFO:
            UsageError(
                "--events \(quoted(path)) is a named pipe without a reader: start the reader first"
            )
        case S_IFCHR:
            UsageError(
                "--events \(quoted(path)) is a terminal or device that this process does not have: "
                    + "name another file")
        default: notWritable(path)
        }
    }

    private static func notWritable(_ path: String) -> UsageError {
        UsageError("--events \(quoted(path)) is not a file, pipe or terminal: name another one")
    }

    /// Takes whole lines.
    func submit(_ bytes: [UInt8]) {
        var bytes = bytes
        writer.submit(&bytes)
    }

    /// Takes whole lines and leaves an empty buffer.
    func submit(taking bytes: inout [UInt8]) {
        writer.submit(&bytes)
    }

    var isHoldingUp: Bool { writer.isHoldingUp }

    func onRoom(_ body: @escaping @Sendable () -> Void) {
        writer.onRoom(body)
    }

    /// A sentence about the current write error; nil for none.
    var failure: String? {
        writer.failure.map {
            "the events can't be written to \(quoted(path)): \($0); "
                + ($0.isFinalForWriting
                    ? "sending goes on without them"
                    : "writing is retried, and sending goes on")
        }
    }

    /// Closes the writer and waits for its lines; returns whether it is done with them.
    func finish(within limit: Milliseconds) -> Bool {
        writer.finish(within: limit)
    }

    /// After the end: a sentence about missing events; nil for none.
    func missingSentence(isAllWritten: Bool) -> String? {
        writer.missingSentence(of: "the events file \(quoted(path))", isAllWritten: isAllWritten)
    }
}

/// The event in place of those dropped: for an error, or because the reader did not keep up.
@Sendable func droppedEventsNote(
    _ count: Int, _ reason: SystemError?, at time: Int64
) -> [UInt8] {
    var line = JSONLines()
    line.add("dropped", at: time) {
        $0.field("lines", count)
        if let reason { $0.field("reason", "\(reason)") }
    }
    return line.bytes
}

extension OpenFile {
    /// Whether the file ends in a partial line, which must not run into ours.
    fileprivate func hasTornLine(at path: String) -> Bool {
        guard let status = try? status, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0,
            let reader = try? OpenFile(path, O_RDONLY),
            let end = try? reader.read(at: UInt64(status.st_size) - 1, byteCount: 1)
        else { return false }
        return end != [UInt8(ascii: "\n")]
    }
}
