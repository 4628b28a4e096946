// What a descriptor's terminal can do.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A terminal on which a line can be drawn over and over.
struct Terminal: Sendable {
    /// Goes to the line's beginning and clears it.
    static let erase = "\r\u{1b}[K"
    /// Clears what is left of a longer line before.
    static let eraseRest = "\u{1b}[K"

    private let descriptor: Int32

    /// nil when the descriptor is no terminal, or one that knows nothing but letters.
    init?(_ descriptor: Int32) {
        guard isatty(descriptor) == 1, let kind = getenv("TERM") else { return nil }
        guard kind[0] != 0, strcmp(kind, "dumb") != 0 else { return nil }
        self.descriptor = descriptor
    }

    /// Columns that can be written without a new line; asked each time, for windows change.
    var columns: Int {
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        // Some terminals go to the next line when the last column is written.
        return (isKnown ? Int(size.ws_col) : 80) - 1
    }

    /// Whether this process is in front; a shell that has put it into the background owns the line.
    var isInForeground: Bool {
        let group = tcgetpgrp(descriptor)
        return group == -1 || group == getpgrp()
    }

    /// Clears the line by a write of its own, if the terminal takes one now.
    func eraseAtOnce() {
        guard waitForDescriptor(descriptor, POLLOUT, atMost: 0) else { return }
        let bytes = Array(Self.erase.utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Whether another descriptor writes to the same terminal.
    func isSame(as other: Int32) -> Bool {
        var mine = stat()
        var its = stat()
        guard isatty(other) == 1, fstat(descriptor, &mine) == 0, fstat(other, &its) == 0 else {
            return false
        }
        return mine.st_rdev == its.st_rdev
    }
}
