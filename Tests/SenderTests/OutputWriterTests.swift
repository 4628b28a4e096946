// Writing to readers that are slow, gone or fine.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import Synchronization
import Testing

@testable import sender

/// A pipe whose reader does as the test says.
private final class TestPipe {
    private(set) var readEnd: Int32
    let writeEnd: Int32

    init() {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    // The write end stays open: a writer that is not at its end would find another test's
    // descriptor under the same number.
    deinit {
        closeReader()
    }

    func closeReader() {
        if readEnd >= 0 { close(readEnd) }
        readEnd = -1
    }

    func makeNonBlocking() {
        _ = fcntl(writeEnd, F_SETFL, fcntl(writeEnd, F_GETFL) | O_NONBLOCK)
    }

    func hasBytes(within milliseconds: Int32) -> Bool {
        waitForDescriptor(readEnd, POLLIN, atMost: milliseconds)
    }

    /// Reads until so many bytes have come.
    func read(byteCount: Int) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while result.count < byteCount {
            let count = Glibc.read(readEnd, &buffer, min(buffer.count, byteCount - result.count))
            if count <= 0 { break }
            result += buffer[..<count]
        }
        return result
    }
}

@Suite(.timeLimit(.minutes(10))) struct OutputWriterTests {
    private let pipe = TestPipe()

    private func lines(_ range: ClosedRange<Int>) -> [UInt8] {
        Array(range.map { "line \($0)\n" }.joined().utf8)
    }

    private func submit(_ bytes: [UInt8], to writer: OutputWriter) {
        var bytes = bytes
        writer.submit(&bytes)
        #expect(bytes.isEmpty)
    }

    @Test func linesArriveInOrderAndAtOnce() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        for number in 1...100 {
            let line = lines(number...number)
            submit(line, to: writer)
            // Without the end of the run, or anything else, having come.
            #expect(pipe.read(byteCount: line.count) == line)
        }
        #expect(writer.finish(within: 5000))
    }

    @Test func finishWritesWhatWaits() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        submit(lines(1...1000), to: writer)
        #expect(writer.finish(within: 5000))
        let expected = lines(1...1000)
        let isComplete = pipe.read(byteCount: expected.count) == expected
        #expect(isComplete)
    }

    @Test(arguments: [false, true])
    func aStalledReaderBlocksNobodyAndLosesNothingBelowTheLimit(_ isNonBlocking: Bool) throws {
        if isNonBlocking { pipe.makeNonBlocking() }
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        let wakeUps = Mutex(0)
        let woken = try Bell()
        writer.onRoom {
            wakeUps.withLock { $0 += 1 }
            woken.ring()
        }
        // More than the pipe takes and half of what may wait, together.
        let batch = lines(1...20_000)
        #expect(batch.count > 200 * 1024 && batch.count < WaitingLines.byteCountMax)
        submit(batch, to: writer)
        #expect(writer.isHoldingUp)
        #expect(!woken.wait(atMost: 50))
        #expect(writer.isHoldingUp)

        // There is room long before everything is read.
        let start = pipe.read(byteCount: batch.count / 2)
        #expect(woken.wait(atMost: 5000))
        #expect(!writer.isHoldingUp)
        let isComplete = start + pipe.read(byteCount: batch.count - start.count) == batch
        #expect(isComplete)
        #expect(writer.finish(within: 5000))
        #expect(wakeUps.withLock { $0 } == 1)
    }

    @Test func whatAStalledReaderHasNoRoomForIsDroppedAndCounted() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        for _ in 1...10 { submit(lines(1...10_000), to: writer) }
        let reader = Mutex<[UInt8]>([])
        let end = try Bell()
        let descriptor = pipe.readEnd
        try startThread {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                if count <= 0 { break }
                reader.withLock { $0 += buffer[..<count] }
                if buffer[..<count].contains(UInt8(ascii: "!")) { break }
            }
            end.ring()
        }
        // The line that says so comes by itself, also if no other follows.
        while writer.isHoldingUp { usleep(1000) }
        submit(Array("!\n".utf8), to: writer)
        #expect(end.wait(atMost: 5000))
        let text = String(decoding: reader.withLock { $0 }, as: UTF8.self)
        let got = text.split(separator: "\n")
        let notices = got.filter { $0.hasPrefix("sender: ") }
        let dropped = notices.compactMap { Int($0.split(separator: " ")[1]) }.reduce(0, +)
        #expect(!notices.isEmpty)
        #expect(got.count(where: { $0.hasPrefix("line ") }) + dropped == 100_000)
        #expect(text.utf8.count < WaitingLines.byteCountMax + 128 * 1024)
    }

    @Test func aPrinterPassesLinesOnWhenTheLoopGoesIdle() throws {
        let errors = TestPipe()
        let printer = EventPrinter(
            EventText(isQuiet: false), output: try OutputWriter(descriptor: pipe.writeEnd),
            diagnostics: Diagnostics(try OutputWriter(descriptor: errors.writeEnd)))
        printer.observe(.sent(sent: 1))
        printer.observe(.notice(.connectUnanswered))
        #expect(!pipe.hasBytes(within: 50))
        printer.observe(.sent(sent: 2))
        printer.willIdle()
        #expect(pipe.read(byteCount: 14) == Array("sent=1\nsent=2\n".utf8))
        #expect(errors.hasBytes(within: 5000))
        #expect(!printer.isHoldingUp)
    }

    @Test func aPrinterHoldsUpInTheMiddleOfALongBatchToo() throws {
        let output = try OutputWriter(descriptor: pipe.writeEnd)
        let printer = EventPrinter(
            EventText(isQuiet: false), output: output,
            diagnostics: Diagnostics(try OutputWriter(descriptor: pipe.writeEnd)))
        var count = 0
        while !printer.isHoldingUp, count < 1_000_000 {
            printer.observe(.sendable)
            count += 1
        }
        // A pipe takes 64 KiB, half of what may wait is 128, and 64 are gathered.
        #expect(count * 12 < 300 * 1024)
    }

    @Test func finishWaitsForASlowReaderOnlyUpToItsLimit() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        submit(lines(1...20_000), to: writer)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(!writer.finish(within: 100))
        #expect(clock.now - start < .seconds(5))
        #expect(clock.now - start >= .milliseconds(100))
    }

    @Test func aReaderThatIsGoneEndsTheOutputAndNothingElse() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        let woken = try Bell()
        writer.onRoom { woken.ring() }
        submit(lines(1...20_000), to: writer)
        #expect(writer.isHoldingUp)
        pipe.closeReader()
        #expect(woken.wait(atMost: 5000))
        #expect(!writer.isHoldingUp)
        #expect(writer.failure == SystemError(number: EPIPE))
        submit(lines(1...20_000), to: writer)
        #expect(!writer.isHoldingUp)
        #expect(writer.finish(within: 5000))
    }

    @Test func aFullDiskIsAFailureWithAName() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let writer = try OutputWriter(descriptor: full)
        submit(lines(1...1), to: writer)
        #expect(writer.finish(within: 5000))
        #expect(writer.failure?.description == "No space left on device")
    }

    @Test func aBellKeepsARingThatNobodyWaitedFor() throws {
        let bell = try Bell()
        #expect(!bell.wait(atMost: 0))
        bell.ring()
        #expect(bell.wait(atMost: 0))
        #expect(!bell.wait(atMost: 0))
    }
}
