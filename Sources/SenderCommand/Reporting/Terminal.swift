// The terminal of a descriptor.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A terminal on which a line can be redrawn.
struct Terminal: Sendable {
    /// Moves to the beginning of the line and clears it.
    static let erase = "\r\u{1b}[K"
    /// Clears the rest of the line.
    static let eraseRest = "\u{1b}[K"

    private let descriptor: Int32

    /// nil without a terminal, or for TERM=dumb.
    init?(_ descriptor: Int32) {
        guard isatty(descriptor) == 1, let kind = getenv("TERM") else { return nil }
        guard kind[0] != 0, strcmp(kind, "dumb") != 0 else { return nil }
        self.descriptor = descriptor
    }

    /// Columns that fit on a line; queried each time, as windows are resized.
    var columns: Int {
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        // Some terminals wrap when the last column is written.
        return (isKnown ? Int(size.ws_col) : 80) - 1
    }

    /// Whether the process is in the foreground; else the shell owns the line.
    var isInForeground: Bool {
        let group = tcgetpgrp(descriptor)
        return group == -1 || group == getpgrp()
    }

    /// Clears the line directly, if the terminal accepts a write now.
    func eraseAtOnce() {
        guard waitForDescriptor(descriptor, POLLOUT, atMost: 0) else { return }
        let bytes = Array(Self.erase.utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Whether another descriptor is the same terminal.
    func isSame(as other: Int32) -> Bool {
        var mine = stat()
        var its = stat()
        guard isatty(other) == 1, fstat(descriptor, &mine) == 0, fstat(other, &its) == 0 else {
            return false
        }
        return mine.st_rdev == its.st_rdev
    }
}
