// The file of --metrics-file.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender
import Synchronization

/// A file that is replaced as a whole, so that its reader never sees a part of it.
struct MetricsFile: Sendable {
    private let path: String
    /// The same without symbolic links, which stay.
    private let target: String

    private static let mode: mode_t = 0o644

    /// Checks that the file can be written, by writing `text` to it.
    ///
    /// `others` are the other files of this run.
    init(
        _ path: String, besides others: DistinctFiles, text: [UInt8]
    ) throws(UsageError) {
        self.path = path
        try others.check("--metrics-file", FileIdentity(path: path))
        var status = stat()
        guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            throw UsageError(
                "--metrics-file \(quoted(path)) is not a regular file: name another one")
        }
        do throws(SystemError) {
            if realPath(path) == nil, lstat(path, &status) == 0 {
                // A link to a file that is not there yet.
                _ = try OpenFile(path, O_WRONLY | O_CREAT, mode: Self.mode)
            }
            target = realPath(path) ?? path
            try write(text)
        } catch {
            throw UsageError("--metrics-file \(quoted(path)) can't be written: \(error)")
        }
    }

    /// Replaces the file.
    ///
    /// - Blocks: while the disk does.
    func write(_ text: [UInt8]) throws(SystemError) {
        // Beside it, with a name that node_exporter passes over. A power cut may cost these figures.
        _ = try OpenFile.replace(target, with: text, mode: Self.mode, isLocked: false) {
            _ throws(SystemError) in
        }
    }

    /// The sentence about metrics that can't be written for now.
    func failureSentence(_ error: SystemError) -> String {
        "the metrics can't be written to \(quoted(path)): \(error); writing is retried, and sending goes on"
    }
}

/// Writes the metrics at an interval, on a thread of its own, as a disk may hang.
///
/// - Isolation: any thread.
final class MetricsWriter: Sendable {
    private let file: MetricsFile
    private let interval: Int32
    private let text: @Sendable () -> [UInt8]
    private let report: @Sendable (String) -> Void
    /// The text of the end.
    private let last = Mutex<[UInt8]?>(nil)
    private let hasFailed = Mutex(false)
    private let stopAsked: WakePipe
    private let stopped: WakePipe

    /// `report` gets a sentence the first time that the file can't be written.
    init(
        _ file: MetricsFile, every interval: Milliseconds, text: @escaping @Sendable () -> [UInt8],
        report: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.file = file
        self.interval = Int32(clamping: interval)
        self.text = text
        self.report = report
        stopAsked = try WakePipe()
        stopped = try WakePipe()
    }

    func start() throws(SystemError) {
        try startThread { [self] in
            while !stopAsked.wait(atMost: interval) { write(text()) }
            if let last = last.withLock({ $0 }) { write(last) }
            stopped.wake()
        }
    }

    /// Writes the last text, and waits for that.
    func stop(_ last: [UInt8]?, within limit: Milliseconds) {
        self.last.withLock { $0 = last }
        stopAsked.wake()
        _ = stopped.wait(atMost: Int32(clamping: limit))
    }

    private func write(_ text: [UInt8]) {
        do throws(SystemError) {
            try file.write(text)
        } catch {
            let isFirst = hasFailed.withLock { hasFailed in
                defer { hasFailed = true }
                return !hasFailed
            }
            if isFirst { report(file.failureSentence(error)) }
        }
    }
}
