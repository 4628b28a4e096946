// A terminal whose screen a test can read.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A terminal that knows carriage return, line feed and erase to the end of the line.
///
/// - Isolation: any thread.
final class PseudoTerminal: @unchecked Sendable {
    // The screen is guarded by the condition's lock, the rest does not change.
    private let master: Int32
    /// For the process; closed here once that runs.
    let slave: FileHandle
    private let condition = NSCondition()
    private var screen = Screen()

    init(columns: UInt16) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        // TIOCSPTLCK and TIOCGPTN: what unlockpt and ptsname do, which Swift does not see.
        var (lock, number): (Int32, Int32) = (0, 0)
        guard master >= 0, ioctl(master, 0x4004_5431, &lock) == 0,
            ioctl(master, 0x8004_5430, &number) == 0
        else { throw TestFailure("there is no pseudo terminal: errno \(errno)") }
        let descriptor = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        slave = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        resize(columns: columns)
        Thread.detachNewThread { [self] in read() }
    }

    deinit {
        close(master)
    }

    func resize(columns: UInt16) {
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(master, &buffer, buffer.count)
            // The last process has closed its end.
            guard count > 0 else { return }
            condition.lock()
            for byte in buffer[..<count] { screen.take(byte) }
            condition.broadcast()
            condition.unlock()
        }
    }

    var lines: [String] { locked(\.lines) }
    /// Each text that ever stood in the last line, at the moment when it was drawn over.
    var drawn: [String] { locked(\.drawn) }
    /// Controls that this terminal does not know.
    var strangeControls: [String] { locked(\.strangeControls) }

    private func locked<Value>(_ value: (Screen) -> Value) -> Value {
        condition.lock()
        defer { condition.unlock() }
        return value(screen)
    }

    /// Waits until a drawn line holds a text.
    func waitForDrawn(_ text: String, seconds: Double = 60) throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while !screen.drawn.contains(where: { $0.contains(text) }) {
            guard condition.wait(until: deadline) else {
                throw TestFailure("“\(text)” was not drawn: \(screen)")
            }
        }
    }

    private struct Screen {
        var lines = [""]
        var drawn: [String] = []
        var strangeControls: [String] = []
        private var column = 0
        private var control: [UInt8] = []

        mutating func take(_ byte: UInt8) {
            if !control.isEmpty { return takeControl(byte) }
            switch byte {
            case 0x1b: control = [byte]
            case UInt8(ascii: "\r"):
                drawn.append(lines[lines.count - 1])
                column = 0
            case UInt8(ascii: "\n"):
                lines.append("")
                column = 0
            case 0x20...0x7e: write(byte)
            default: strangeControls.append("byte \(byte)")
            }
        }

        private mutating func write(_ byte: UInt8) {
            var line = Array(lines[lines.count - 1].utf8)
            while line.count <= column { line.append(UInt8(ascii: " ")) }
            line[column] = byte
            column += 1
            lines[lines.count - 1] = String(decoding: line, as: UTF8.self)
        }

        private mutating func takeControl(_ byte: UInt8) {
            control.append(byte)
            guard byte >= 0x40, byte != UInt8(ascii: "[") else { return }
            if control == Array("\u{1b}[K".utf8) {
                let line = lines[lines.count - 1]
                lines[lines.count - 1] = String(line.prefix(column))
            } else {
                strangeControls.append(String(decoding: control.dropFirst(), as: UTF8.self))
            }
            control = []
        }
    }
}
