// The password prompt.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A prompt on the controlling terminal, whatever standard input is.
///
/// - Blocks: yes. Called before any other thread starts.
struct PasswordPrompt {
    /// Returns the answer; empty at the terminal's end of file; nil without a terminal.
    static func ask(_ question: String) -> String? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        let prompt = PasswordPrompt(terminal: terminal)
        while true {
            switch prompt.askSilently(question) {
            case .line(let bytes): return String(decoding: bytes, as: UTF8.self)
            case .failed: return nil
            // Most signals end the process here; after SIGTSTP and SIGCONT it asks again.
            case .signal(let number): raise(number)
            }
        }
    }

    private enum Step {
        case line([UInt8])
        case signal(Int32)
        case failed
    }

    private let terminal: Int32

    /// Asks once, with echo off.
    private func askSilently(_ question: String) -> Step {
        guard let signals = CaughtSignals() else { return .failed }
        defer { signals.release() }
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { return .failed }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return .failed }
        defer {
            // Discards unread keys: they are not for the shell.
            tcsetattr(terminal, TCSAFLUSH, &settings)
            write("\n")
        }
        write(question)
        return readLine(signals)
    }

    private func readLine(_ signals: CaughtSignals) -> Step {
        var line: [UInt8] = []
        while true {
            if let number = signals.wait(for: terminal) { return .signal(number) }
            var byte: UInt8 = 0
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            if count < 0 { return .failed }
            if count == 0 || byte == UInt8(ascii: "\n") { return .line(line) }
            // A longer password is refused later.
            if line.count <= SecretKind.sizeMax { line.append(byte) }
        }
    }

    private func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(terminal, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// The pipe that the handlers write signal numbers to; -1: none.
private let signalPipe = Atomic<Int32>(-1)

/// Catches the signals that end or stop a process, until the terminal is restored.
private struct CaughtSignals {
    private let readEnd: Int32
    private let writeEnd: Int32
    private let handlers: [(number: Int32, previous: sighandler_t?)]

    /// nil when no descriptor is left.
    init?() {
        guard let ends = try? makePipe() else { return nil }
        (readEnd, writeEnd) = ends
        signalPipe.store(writeEnd, ordering: .relaxed)
        // Ignored signals stay ignored. write(2) is async-signal-safe.
        let numbers = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP].filter { !isIgnored($0) }
        handlers = numbers.map { number in
            let previous = signal(number) { number in
                var byte = UInt8(number)
                _ = write(signalPipe.load(ordering: .relaxed), &byte, 1)
            }
            return (number, previous)
        }
        // The parent may have blocked them.
        var set = signalSet(numbers)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    func release() {
        for handler in handlers { signal(handler.number, handler.previous) }
        close(readEnd)
        close(writeEnd)
    }

    /// Waits until the descriptor is readable (nil), or a signal came.
    func wait(for descriptor: Int32) -> Int32? {
        var entries = [
            pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&entries, nfds_t(entries.count), -1) < 0, errno == EINTR {}
        guard entries[0].revents != 0 else { return nil }
        var byte: UInt8 = 0
        return read(readEnd, &byte, 1) == 1 ? Int32(byte) : nil
    }
}
