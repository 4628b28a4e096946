// A running reader of standard input, for tests.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Foundation
import ReliableSender
import Testing

@testable import SenderCommand

/// A pipe from the test to the reader.
final class ReaderPipe {
    let readEnd: Int32
    private var writeEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        Glibc.close(readEnd)
        close()
    }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Glibc.write(writeEnd, bytes, bytes.count) == bytes.count)
    }

    /// Whether something can be written without waiting, within this many milliseconds.
    func takesMore(within milliseconds: Int32) -> Bool {
        waitForDescriptor(writeEnd, POLLOUT, atMost: milliseconds)
    }

    /// Writes until nothing has been taken for a while; says how much was written.
    func writeWhileTaken(_ bytes: [UInt8], _ turn: () -> Void) -> Int {
        _ = fcntl(writeEnd, F_SETFL, O_NONBLOCK)
        var written = 0
        turn()
        while written < bytes.count, takesMore(within: 5_000) {
            let count = bytes[written...].withUnsafeBytes {
                Glibc.write(writeEnd, $0.baseAddress, $0.count)
            }
            if count > 0 { written += count }
            turn()
        }
        return written
    }

    var unreadByteCount: Int {
        var count: Int32 = 0
        return ioctl(readEnd, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    func close() {
        if writeEnd >= 0 { Glibc.close(writeEnd) }
        writeEnd = -1
    }
}

/// A reader that runs, with its source and a pipe that its wake writes to.
final class RunningReader {
    let reader: InputReader
    let source: StandardInputSource
    private let wakePipe: WakePipe

    init(
        _ descriptor: Int32, _ options: InputOptions = InputOptions(),
        reading: MessageEncoder.Reading = .body(.string), plan: ReadingPlan = ReadingPlan(),
        badLines: BadLines? = nil
    ) throws {
        let input = try StandardInput(descriptor: descriptor)
        reader = try InputReader(
            input, options: options,
            encoder: MessageEncoder(reading: reading, prototype: Message(), duplicateID: nil),
            plan: plan)
        source = StandardInputSource(
            reader.queue, isRegularFile: input.isRegularFile, badLines: badLines)
        let wakePipe = try WakePipe()
        self.wakePipe = wakePipe
        reader.queue.onMessage { wakePipe.wake() }
        try reader.start()
    }

    /// Waits for the next message, and takes it.
    func take() -> (UInt64, AMQPValue)? {
        while source.next == nil {
            if source.isAtEnd { return nil }
            wakePipe.wait()
        }
        guard let sequence = source.next?.sequence else { return nil }
        source.take()
        var bytes: [UInt8] = []
        source.withEncoded(sequence: sequence) { bytes = Array($0) }
        source.free([sequence])
        guard case .value(let value)? = Message(encoded: bytes)?.body else { return nil }
        return (sequence, value)
    }

    func takeAll() -> [String] {
        var texts: [String] = []
        while let (_, value) = take() {
            if case .string(let text) = value { texts.append(text) }
        }
        return texts
    }

    func endAfterAll() -> InputEnd {
        _ = takeAll()
        return end()
    }

    func end() -> InputEnd {
        #expect(reader.stop(within: 60_000))
        return source.close()
    }
}
