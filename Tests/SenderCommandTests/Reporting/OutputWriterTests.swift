// Writing to slow, absent and normal readers.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Synchronization
import TestSupport
import Testing

@testable import SenderCommand

/// A file on a disk without room, until there is some.
private final class TestDisk: Sendable {
    private struct State {
        var room: Int
        var bytes: [UInt8] = []
        var tryCount = 0
    }

    private let state: Mutex<State>
    private let error: Int32

    init(room: Int, error: Int32 = ENOSPC) {
        state = Mutex(State(room: room))
        self.error = error
    }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var tryCount: Int { state.withLock { $0.tryCount } }

    func makeRoom() {
        state.withLock { $0.room = .max }
    }

    /// Writes as write(2) does.
    @Sendable func write(_ descriptor: Int32, _ new: UnsafeRawBufferPointer) -> Int {
        let count = state.withLock { state in
            state.tryCount += 1
            let count = min(new.count, state.room - state.bytes.count)
            state.bytes += new[..<count]
            return count
        }
        guard count == 0 else { return count }
        errno = error
        return -1
    }
}

@Suite(.endsIfItHangs) struct OutputWriterTests {
    private let pipe = TestPipe()

    private func lines(_ range: ClosedRange<Int>) -> [UInt8] {
        Array(range.map { "line \($0)\n" }.joined().utf8)
    }

    private func submit(_ bytes: [UInt8], to writer: OutputWriter) {
        var bytes = bytes
        writer.submit(&bytes)
        #expect(bytes.isEmpty)
    }

    @Test("lines arrive in order and at once")
    func order() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        for number in 1...100 {
            let line = lines(number...number)
            submit(line, to: writer)
            // Without the end of the run, or anything else, having come.
            #expect(pipe.read(byteCount: line.count) == line)
        }
        #expect(writer.finish(within: 60_000))
    }

    @Test("finish writes the lines that wait")
    func finish() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        submit(lines(1...1000), to: writer)
        #expect(writer.finish(within: 60_000))
        let expected = lines(1...1000)
        let isComplete = pipe.read(byteCount: expected.count) == expected
        #expect(isComplete)
    }

    @Test(
        "a stalled reader blocks no caller, and loses nothing below the limit",
        arguments: [false, true])
    func stalledReader(_ isNonBlocking: Bool) throws {
        if isNonBlocking { pipe.makeNonBlocking() }
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        let wakeUps = Mutex(0)
        let woken = try WakePipe()
        writer.onRoom {
            wakeUps.withLock { $0 += 1 }
            woken.wake()
        }
        // More than the pipe takes and half of what may wait, together.
        let batch = lines(1...20_000)
        #expect(batch.count > 200 * 1024 && batch.count < LineBacklog.byteCountMax)
        submit(batch, to: writer)
        #expect(writer.isHoldingUp)
        #expect(!woken.wait(atMost: 50))
        #expect(writer.isHoldingUp)

        // There is room long before everything is read.
        let start = pipe.read(byteCount: batch.count / 2)
        #expect(woken.wait(atMost: 60_000))
        #expect(!writer.isHoldingUp)
        let isComplete = start + pipe.read(byteCount: batch.count - start.count) == batch
        #expect(isComplete)
        #expect(writer.finish(within: 60_000))
        #expect(wakeUps.withLock { $0 } == 1)
    }

    @Test("lines that a stalled reader has no room for are dropped and counted")
    func dropped() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        for _ in 1...10 { submit(lines(1...10_000), to: writer) }
        let reader = Mutex<[UInt8]>([])
        let end = try WakePipe()
        let descriptor = pipe.readEnd
        try startThread {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                if count <= 0 { break }
                reader.withLock { $0 += buffer[..<count] }
                if buffer[..<count].contains(UInt8(ascii: "!")) { break }
            }
            end.wake()
        }
        // The line that says so comes by itself, also if no other follows.
        try waitUntil { !writer.isHoldingUp }
        submit(Array("!\n".utf8), to: writer)
        #expect(end.wait(atMost: 60_000))
        let text = String(decoding: reader.withLock { $0 }, as: UTF8.self)
        let got = text.split(separator: "\n")
        let notices = got.filter { $0.hasPrefix("sender: ") }
        let dropped = notices.compactMap { Int($0.split(separator: " ")[1]) }.reduce(0, +)
        #expect(!notices.isEmpty)
        #expect(got.count(where: { $0.hasPrefix("line ") }) + dropped == 100_000)
        #expect(text.utf8.count < LineBacklog.byteCountMax + 128 * 1024)
    }

    @Test("a printer passes lines on when the loop goes idle")
    func idleLoop() throws {
        let errors = TestPipe()
        let printer = EventPrinter(
            Reporter(isQuiet: false), output: try OutputWriter(descriptor: pipe.writeEnd),
            diagnostics: Diagnostics(try OutputWriter(descriptor: errors.writeEnd)))
        printer.observe(.sent(total: 1))
        printer.observe(.notice(.connectUnanswered))
        #expect(!pipe.hasBytes(within: 50))
        printer.observe(.sent(total: 2))
        printer.willIdle()
        #expect(pipe.read(byteCount: 14) == Array("sent=1\nsent=2\n".utf8))
        #expect(errors.hasBytes(within: 60_000))
        #expect(!printer.isHoldingUp)
    }

    @Test("a printer also holds up in the middle of a long batch")
    func longBatch() throws {
        let output = try OutputWriter(descriptor: pipe.writeEnd)
        let printer = EventPrinter(
            Reporter(isQuiet: false), output: output,
            diagnostics: Diagnostics(try OutputWriter(descriptor: pipe.writeEnd)))
        var count = 0
        while !printer.isHoldingUp, count < 1_000_000 {
            printer.observe(.sendable)
            count += 1
        }
        // A pipe takes 64 KiB, half of what may wait is 128, and 64 are gathered.
        #expect(count * 12 < 300 * 1024)
    }

    @Test("finish waits for a slow reader only up to its limit")
    func slowReader() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        submit(lines(1...20_000), to: writer)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(!writer.finish(within: 100))
        #expect(clock.now - start < .seconds(60))
        #expect(clock.now - start >= .milliseconds(100))
    }

    @Test("a reader that is gone ends the output and nothing else")
    func goneReader() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        let woken = try WakePipe()
        writer.onRoom { woken.wake() }
        submit(lines(1...20_000), to: writer)
        #expect(writer.isHoldingUp)
        pipe.closeReader()
        #expect(woken.wait(atMost: 60_000))
        #expect(!writer.isHoldingUp)
        #expect(writer.failure == SystemError(number: EPIPE))
        submit(lines(1...20_000), to: writer)
        #expect(!writer.isHoldingUp)
        #expect(writer.finish(within: 60_000))
    }

    @Test("a full disk is a failure with a name, and the missing lines are counted")
    func fullDisk() throws {
        let disk = TestDisk(room: 0)
        let writer = try OutputWriter(descriptor: -1, systemWrite: disk.write)
        submit(lines(1...3), to: writer)
        #expect(writer.finish(within: 60_000))
        #expect(writer.failure?.description == "No space left on device")
        #expect(disk.tryCount >= 2)
        #expect(
            writer.missingSentence(of: "the log", isAllWritten: true)
                == "the log could not be written: No space left on device; 3 lines are missing")
    }

    @Test("a disk that has room again gets all lines that could be kept")
    func roomAgain() throws {
        let disk = TestDisk(room: 40_003)
        let writer = try OutputWriter(descriptor: -1, systemWrite: disk.write)
        let woken = try WakePipe()
        writer.onRoom { woken.wake() }
        submit(lines(1...20_000), to: writer)
        // Also in the middle of a line.
        try waitUntil { writer.failure != nil && disk.tryCount >= 6 }
        #expect(disk.bytes.count == 40_003)
        // Nothing new waits for it.
        #expect(!writer.isHoldingUp && woken.wait(atMost: 60_000))
        submit(lines(20_001...60_000), to: writer)
        submit(lines(60_001...60_001), to: writer)
        #expect(!writer.isHoldingUp)
        disk.makeRoom()
        try waitUntil { writer.isIdle }
        submit(lines(60_002...60_002), to: writer)
        #expect(writer.finish(within: 60_000))
        #expect(writer.failure == nil)
        #expect(writer.missingSentence(of: "the log", isAllWritten: true) == nil)

        let text = String(decoding: disk.bytes, as: UTF8.self)
        let got = text.split(separator: "\n", omittingEmptySubsequences: false)
        let note = try #require(got.firstIndex { $0.hasPrefix("sender: ") })
        let isWholeBefore = got[..<note].elementsEqual((1...note).map { "line \($0)" }, by: ==)
        #expect(isWholeBefore && note > 20_000)
        #expect(
            got[note] == "sender: \(60_001 - note) lines dropped here, they could not be written: "
                + "No space left on device")
        #expect(Array(got[(note + 1)...]) == ["line 60002", ""])
    }

    @Test("a descriptor that is not open is tried once")
    func closed() throws {
        let disk = TestDisk(room: 0, error: EBADF)
        let writer = try OutputWriter(descriptor: -1, systemWrite: disk.write)
        submit(lines(1...1), to: writer)
        try waitUntil { writer.failure != nil }
        submit(lines(2...3), to: writer)
        #expect(writer.finish(within: 60_000))
        #expect(disk.tryCount == 1)
        #expect(
            writer.missingSentence(of: "the log", isAllWritten: true)
                == "the log could not be written: Bad file descriptor; 3 lines are missing")
    }

    @Test("a bell keeps a ring that came before the wait")
    func bell() throws {
        let wakePipe = try WakePipe()
        #expect(!wakePipe.wait(atMost: 0))
        wakePipe.wake()
        #expect(wakePipe.wait(atMost: 0))
        #expect(!wakePipe.wait(atMost: 0))
    }
}
