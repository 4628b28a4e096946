// The progress line among other lines, and the file of events.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinkRecovery
import ReliableSender
import Synchronization
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct DiagnosticsTests {
    private let pipe = TestPipe()

    private func submit(_ text: String, to diagnostics: Diagnostics) {
        var bytes = Array(text.utf8)
        diagnostics.submit(&bytes)
    }

    @Test("other lines stand above the drawn one, which goes at the end")
    func drawnLine() throws {
        let diagnostics = Diagnostics(try OutputWriter(descriptor: pipe.writeEnd))
        submit("before\n", to: diagnostics)
        #expect(pipe.text(byteCount: 7) == "before\n")
        // Nothing is drawn as long as the writer has something to do.
        func draw(_ line: String) {
            let drawn = "\r\(line)\u{1b}[K"
            var seen = ""
            while seen.isEmpty {
                diagnostics.draw(line)
                if waitForDescriptor(pipe.readEnd, POLLIN, atMost: 10) {
                    seen = pipe.text(byteCount: drawn.utf8.count)
                }
            }
            #expect(seen == drawn)
        }
        draw("10%")
        submit("between\n", to: diagnostics)
        #expect(pipe.text(byteCount: 15) == "\r\u{1b}[Kbetween\n10%")
        draw("20%")
        diagnostics.draw("20%")
        diagnostics.erase()
        diagnostics.erase()
        submit("after\n", to: diagnostics)
        #expect(diagnostics.finish(within: 60_000))
        #expect(pipe.text(byteCount: 10) == "\r\u{1b}[Kafter\n")
    }

    @Test(
        "dropped lines are counted as the rest is",
        arguments: [
            (LogFormat.text, "sender: ", " lines dropped here, the reader did not keep up"),
            (.json, #"{"time":""#, "}"),
        ])
    func dropped(
        _ format: LogFormat, _ start: String, _ end: String
    ) throws {
        let writer = try OutputWriter(diagnosticsAs: format, descriptor: pipe.writeEnd)
        // More than may wait and the pipe holds.
        for _ in 0..<10 {
            var bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: LineBacklog.byteCountMax)
            writer.submit(&bytes)
        }
        var text = ""
        var hasNote = false
        while !hasNote || !writer.isIdle || waitForDescriptor(pipe.readEnd, POLLIN, atMost: 0) {
            guard waitForDescriptor(pipe.readEnd, POLLIN, atMost: 10) else { continue }
            let piece = pipe.text(byteCount: 1)
            hasNote = hasNote || piece.contains { $0 != "\n" }
            text += piece
        }
        let note = try #require(text.split(separator: "\n").first)
        #expect(note.hasPrefix(start) && note.hasSuffix(end))
        #expect(note.contains(format == .json ? #""event":"dropped","lines":"# : "dropped"))
        #expect(writer.finish(within: 60_000))
    }

    @Test("figures come at their time, also when the loop sleeps")
    func figures() throws {
        let diagnostics = Diagnostics(try OutputWriter(descriptor: pipe.writeEnd))
        let clock = TestClock()
        let display = try StatusDisplay(
            board: StatusBoard(), diagnostics: diagnostics,
            log: StatsLog(
                diagnostics: diagnostics, format: .text, events: nil, wallClock: { 0 }),
            progress: nil, stats: StatsLine(every: 250, from: Instant(milliseconds: 0)),
            clock: { clock.next(after: 100) })
        // The clock goes on by 100 ms whenever it is asked.
        #expect(display.show() == 150)
        #expect(display.show() == 50)
        #expect(display.show() == 200)
        #expect(diagnostics.finish(within: 60_000))
        #expect(
            pipe.text(byteCount: 60).hasPrefix("stats: elapsed 300 ms, accepted 0, rate 0.0/s"))
    }

    @Test("in the background nothing is drawn, and the line is left to others")
    func background() throws {
        let writer = try OutputWriter(descriptor: pipe.writeEnd)
        let diagnostics = Diagnostics(writer)
        let isInForeground = Mutex(true)
        let display = try StatusDisplay(
            board: StatusBoard(), diagnostics: diagnostics,
            log: StatsLog(
                diagnostics: diagnostics, format: .text, events: nil, wallClock: { 0 }),
            progress: (
                ProgressLine(total: 7),
                Window(columns: { 10 }, isInForeground: { isInForeground.withLock { $0 } })
            ), stats: nil, clock: { Instant(milliseconds: 0) })
        #expect(display.show() == 100)
        #expect(pipe.text(byteCount: 14) == "\raccepted 0\u{1b}[K")
        isInForeground.withLock { $0 = false }
        // Not to be kept from drawing by the write before.
        try waitUntil { writer.isIdle }
        #expect(display.show() == 100)
        submit("other\n", to: diagnostics)
        diagnostics.erase()
        #expect(diagnostics.finish(within: 60_000))
        #expect(pipe.text(byteCount: 6) == "other\n")
    }

    @Test("events are appended, and a torn line is ended")
    func events() throws {
        let path = "/tmp/sender-events-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(path) }
        for (before, expected) in [("", "x\n"), ("{\"torn", "{\"torn\nx\n"), ("a\n", "a\nx\n")] {
            let file = try OpenFile(path, O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
            var bytes = Array(before.utf8)[...]
            var offset: UInt64 = 0
            try file.write(&bytes, at: &offset)
            let events = try EventsFile(path, besides: DistinctFiles(), wallClock: { 0 })
            events.submit(Array("x\n".utf8))
            #expect(events.finish(within: 60_000))
            let got = try file.read(at: 0, byteCount: expected.utf8.count)
            #expect(String(decoding: got, as: UTF8.self) == expected)
        }
    }

    @Test("a file that can't be used is one sentence")
    func unusable() throws {
        let path = "/tmp/sender-events-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(path) }
        func sentence(_ path: String, besides others: DistinctFiles = DistinctFiles()) -> String {
            do {
                _ = try EventsFile(path, besides: others, wallClock: { 0 })
                return ""
            } catch {
                return (error as? UsageError)?.sentence ?? "\(error)"
            }
        }
        #expect(sentence("/no/such").hasSuffix("for appending: No such file or directory"))
        #expect(sentence("/tmp").hasSuffix("for appending: Is a directory"))
        mkfifo(path, 0o600)
        #expect(sentence(path).hasSuffix("without a reader: start the reader first"))
        unlink(path)
        #expect(sentence(path) == "")
        var others = DistinctFiles()
        try others.add("--journal", OpenFile(path, O_RDONLY).identity)
        #expect(
            sentence(path, besides: others)
                == "--journal and --events are the same file: name two")
    }

    @Test("a full disk is reported once for the events, and writing is tried again")
    func fullDisk() throws {
        let events = try EventsFile("/dev/full", besides: DistinctFiles(), wallClock: { 0 })
        let printer = EventPrinter(
            Reporter(
                isQuiet: true,
                json: JSONReport(format: .text, hasFile: true, isQuiet: true, wallClock: { 0 })),
            output: nil, diagnostics: Diagnostics(try OutputWriter(descriptor: pipe.writeEnd)),
            events: events)
        printer.observe(.opened(hasCredit: true))
        // Until the writer's thread has tried.
        try waitUntil {
            printer.willIdle()
            return events.failure != nil
        }
        printer.willIdle()
        printer.willIdle()
        #expect(!printer.isHoldingUp)
        #expect(
            pipe.text(byteCount: 20)
                == "sender: the events can't be written to \"/dev/full\": No space left on device; "
                + "writing is retried, and sending goes on\n")
        events.submit(Array("an event\n".utf8))
        #expect(
            events.missingSentence(isAllWritten: events.finish(within: 60_000))
                == "the events file \"/dev/full\" could not be written: No space left on device; "
                + "3 lines are missing")
    }

    @Test("events that a reader did not take are counted in their place")
    func lostEvents() {
        let start = #"{"time":"1970-01-01T00:00:00.000Z","event":"dropped","lines":12"#
        let note = String(decoding: droppedEventsNote(12, nil, at: 0), as: UTF8.self)
        #expect(note == start + "}\n")
        let reason = SystemError(number: ENOSPC)
        let failed = String(decoding: droppedEventsNote(12, reason, at: 0), as: UTF8.self)
        #expect(failed == start + #","reason":"No space left on device"}"# + "\n")
    }
}

/// A clock that goes on by itself.
private final class TestClock: Sendable {
    private let time = Mutex<Int64>(0)

    func next(after length: Milliseconds) -> Instant {
        time.withLock {
            $0 += length
            return Instant(milliseconds: $0)
        }
    }
}
