// The thread that reads standard input.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Reads, splits and encodes on a thread of its own, so that the loop never blocks on input.
///
/// It reads input as soon as it is available, up to the queue's bounds. It does not begin before
/// the loop asks: a run may fail to start, and bytes read from a pipe are gone.
final class InputReader: Sendable {
    /// Maximum size of one read.
    static let chunkByteCount = 64 * 1024

    let queue: InputQueue
    private let input: StandardInput
    private let options: InputOptions
    private let encoder: MessageEncoder
    private let plan: ReadingPlan
    private let finished: WakePipe
    private let hasStarted = Atomic(false)
    /// The thread waits in a read, and all that it has read before is queued.
    private let isWithinRead = Atomic(false)
    /// Bound of what is encoded behind a stop or a bad line: lines may name large files.
    private static let behindByteCountMax = 16 << 20

    init(
        _ input: StandardInput, options: InputOptions, encoder: MessageEncoder, plan: ReadingPlan
    ) throws(SystemError) {
        self.input = input
        self.options = options
        self.encoder = encoder
        self.plan = plan
        queue = try InputQueue(isWithinLine: plan.beginsWithinLine)
        finished = try WakePipe()
    }

    /// Starts the thread.
    func start() throws(SystemError) {
        guard !plan.isEmpty else {
            queue.end(InputEnd())
            return
        }
        try startThread { [self] in
            queue.waitUntilWanted()
            var reading = Reading()
            var splitter = LineSplitter(
                delimiter: options.delimiter, byteCountMax: options.lineByteCountMax,
                offset: plan.offset, beginsWithinLine: plan.beginsWithinLine)
            var sequence = plan.firstSequence
            do throws(InputFault) {
                try readAgain(&reading)
                try readOn(&splitter, &sequence, &reading)
            } catch {
                reading.end.fault = error
            }
            flush(&reading)
            if !input.isRegularFile {
                // Its rest is lost, whether it was read or not.
                passOverTooLong(&splitter, before: sequence, &reading, isAtEnd: true)
                account(for: &splitter, from: sequence, in: &reading)
            }
            queue.end(reading.end)
            finished.wake()
        }
        hasStarted.store(true, ordering: .relaxed)
    }

    /// Stops the thread and waits for its end.
    ///
    /// The wait for a read is short: another process that shares the descriptor may have taken the
    /// bytes that poll announced, and the thread then blocks in its read.
    ///
    /// - Returns: Whether all that was read is queued or counted.
    func stop(within limit: Int32 = 5_000) -> Bool {
        queue.close()
        guard hasStarted.exchange(false, ordering: .relaxed) else { return true }
        return finished.wait(atMost: 500) || isWithinRead.load(ordering: .acquiring)
            || finished.wait(atMost: limit)
    }

    // MARK: On the thread

    /// The state of the thread.
    private struct Reading {
        var end = InputEnd()
        /// Messages of what was read last: to queue one alone would cost more than to split it off.
        var batch: [EncodedMessage] = []
        var batchByteCount = 0
        /// Encoded bytes behind a stop or a bad line.
        var behindByteCount = 0
        /// Whether lines are read that were good when an earlier run read them.
        var isAgain = false
        /// A line that is too long and passed over, until its end is there.
        var tooLong: BadLine?
        /// Number of the line at the offset where the reading began, once it was needed.
        var firstNumber: UInt64?
    }

    /// Reads the messages of a regular file that earlier runs left unfinished.
    private func readAgain(_ reading: inout Reading) throws(InputFault) {
        reading.isAgain = true
        defer { reading.isAgain = false }
        for place in plan.again {
            if queue.isClosed {
                reading.end.isStopped = true
                return
            }
            var bytes = try unreadable { () throws(SystemError) in
                try input.bytes(at: place.offset, count: Int(clamping: place.byteCount))
            }
            let isWhole = UInt64(bytes.count) == place.byteCount
            let delimiter = options.delimiter.bytes
            if bytes.suffix(delimiter.count) == delimiter[...] { bytes.removeLast(delimiter.count) }
            // The line number is computed on error only.
            let line = InputLine(
                bytes: bytes[...], offset: place.offset, byteCount: place.byteCount, number: 0)
            guard isWhole else {
                throw try fault(
                    "is missing: the file has become shorter", in: line, &reading)
            }
            guard try push(line, as: place.sequence, &reading) else {
                throw try fault(
                    "is blank now, but was not when it was first read", in: line, &reading)
            }
        }
    }

    private func readOn(
        _ splitter: inout LineSplitter, _ sequence: inout UInt64, _ reading: inout Reading
    ) throws(InputFault) {
        var buffer = [UInt8](repeating: 0, count: Self.chunkByteCount)
        var offset = plan.offset
        while sequence <= plan.lastSequence {
            if let line = try nextLine(&splitter, before: sequence, &reading) {
                if try push(line, as: sequence, &reading) { sequence += 1 }
                // A closed queue takes everything.
                guard reading.behindByteCount < Self.behindByteCountMax else { break }
                continue
            }
            flush(&reading)
            queue.waitForRoom(beside: splitter.partialByteCount)
            let holdsNothing = splitter.partialByteCount == 0 && reading.tooLong == nil
            guard let count = try waitAndRead(&buffer, at: offset, holdsNothing: holdsNothing)
            else {
                reading.end.isStopped = true
                return
            }
            if count == 0 {
                // The next writer of a named pipe begins a new line.
                queue.stand(withinLine: false)
                if plan.holdsUnended, let line = reading.tooLong {
                    // Its end may come, as that of any line here.
                    reading.end.heldByteCount = Int(clamping: offset - line.end)
                    return
                }
                passOverTooLong(&splitter, before: sequence, &reading, isAtEnd: true)
                guard let line = splitter.last() else { return }
                if plan.holdsUnended {
                    reading.end.heldByteCount = encoder.skips(text(of: line)) ? 0 : line.bytes.count
                } else {
                    _ = try push(line, as: sequence, &reading)
                }
                return
            }
            splitter.add(buffer[..<count])
            // Before its lines can be taken, so that the journal has it first.
            queue.stand(withinLine: splitter.endsWithinLine)
            offset += UInt64(count)
            if reading.tooLong != nil {
                passOverTooLong(&splitter, before: sequence, &reading, isAtEnd: false)
            }
        }
        if queue.isClosed, sequence <= plan.lastSequence { reading.end.isStopped = true }
    }

    /// Counts everything that was read from a pipe and not queued.
    private func account(
        for splitter: inout LineSplitter, from first: UInt64, in reading: inout Reading
    ) {
        var sequence = first
        while true {
            do {
                guard let line = try splitter.next() else { break }
                if encoder.skips(line.bytes) { continue }
                guard sequence <= plan.lastSequence,
                    reading.behindByteCount < Self.behindByteCountMax
                else {
                    reading.end.lostLineCount += 1
                    continue
                }
                var address: String?
                guard
                    let encoded = try encoder.message(
                        ofLine: line.bytes, sequence: sequence, address: &address)
                else { continue }
                reading.end.behind.append(
                    EncodedMessage(
                        sequence: sequence, encoded: encoded, address: address,
                        offset: line.offset, byteCount: line.byteCount))
                sequence += 1
                reading.behindByteCount += encoded.count
            } catch {
                reading.end.lostLineCount += 1
            }
        }
        reading.end.lostPartByteCount = splitter.partialByteCount
        reading.end.restByteCount = splitter.restByteCount
    }

    /// The next line; what is rare in it is elsewhere, so that this is a part of the loop.
    @inline(__always)
    private func nextLine(
        _ splitter: inout LineSplitter, before sequence: UInt64, _ reading: inout Reading
    ) throws(InputFault) -> InputLine? {
        do throws(LineSplitter.TooLong) {
            return try splitter.next()
        } catch {
            return try lineBehind(error, &splitter, before: sequence, &reading)
        }
    }

    /// Passes over lines that are too long, and returns the next one.
    @inline(never)
    private func lineBehind(
        _ first: LineSplitter.TooLong, _ splitter: inout LineSplitter, before sequence: UInt64,
        _ reading: inout Reading
    ) throws(InputFault) -> InputLine? {
        var tooLong = first
        while true {
            let line = InputLine(
                bytes: splitter.beginningOfTooLong, offset: tooLong.offset, byteCount: 0,
                number: tooLong.number)
            let reason =
                "is longer than the \(options.lineByteCountMax) bytes that --max-line-bytes allows"
            reading.tooLong = try badLine(reason, line, before: sequence, &reading)
            passOverTooLong(&splitter, before: sequence, &reading, isAtEnd: false)
            do throws(LineSplitter.TooLong) {
                return try splitter.next()
            } catch {
                tooLong = error
            }
        }
    }

    /// Waits for bytes and reads them; 0 at the end of the input, nil when stopped.
    private func waitAndRead(
        _ buffer: inout [UInt8], at offset: UInt64, holdsNothing: Bool
    ) throws(InputFault) -> Int? {
        while !queue.isClosed {
            guard queue.wakePipe.wait(orFor: input.descriptor) else { continue }
            isWithinRead.store(holdsNothing, ordering: .releasing)
            defer { isWithinRead.store(false, ordering: .releasing) }
            let count = try unreadable { () throws(SystemError) in
                try input.read(&buffer, at: offset)
            }
            if let count { return count }
        }
        return nil
    }

    /// Adds a message to those that are queued together; false for a line that is skipped.
    private func push(
        _ line: InputLine, as sequence: UInt64, _ reading: inout Reading
    ) throws(InputFault) -> Bool {
        let text = text(of: line)
        if line.offset == 0, text.starts(with: MessageEncoder.byteOrderMark) {
            reading.end.hasByteOrderMark = true
        }
        let encoded: [UInt8]?
        var address: String?
        do throws(BadMessage) {
            encoded = try encoder.message(
                ofLine: text, sequence: sequence, address: &address)
        } catch {
            let bad = try badLine(error.reason, line, before: sequence, &reading)
            flush(&reading)
            queue.push(bad)
            return false
        }
        guard let encoded else { return false }
        if address != nil { queue.expectAddresses() }
        let message = EncodedMessage(
            sequence: sequence, encoded: encoded, address: address, offset: line.offset,
            byteCount: line.byteCount)
        reading.batch.append(message)
        reading.batchByteCount += message.cost
        if reading.batchByteCount >= Self.chunkByteCount { flush(&reading) }
        return true
    }

    private func flush(_ reading: inout Reading) {
        queue.push(reading.batch)
        if queue.isClosed { reading.behindByteCount += reading.batchByteCount }
        reading.batch.removeAll(keepingCapacity: true)
        reading.batchByteCount = 0
    }

    private func text(of line: InputLine) -> ArraySlice<UInt8> {
        line.offset == 0 ? encoder.beginning(line.bytes) : line.bytes
    }

    // MARK: Faults

    private func unreadable<Value>(
        _ read: () throws(SystemError) -> Value
    ) throws(InputFault) -> Value {
        do throws(SystemError) {
            return try read()
        } catch {
            throw .unreadable(error)
        }
    }

    private func fault(
        _ reason: String, in line: InputLine, _ reading: inout Reading
    ) throws(InputFault) -> InputFault {
        .badLine(try number(of: line, &reading), reason: reason)
    }

    /// A line that is passed over.
    ///
    /// - Throws: The fault, if it ends the input.
    private func badLine(
        _ reason: String, _ line: InputLine, before sequence: UInt64, _ reading: inout Reading
    ) throws(InputFault) -> BadLine {
        // The journal's messages are not the input's to change.
        guard options.onBadData != .stop, !reading.isAgain else {
            throw try fault(reason, in: line, &reading)
        }
        return BadLine(
            number: try number(of: line, &reading), reason: reason,
            bytes: options.onBadData == .keep ? Array(line.bytes) : nil, nextSequence: sequence,
            end: line.offset + line.byteCount)
    }

    /// Queues a line that is too long once its end is there.
    private func passOverTooLong(
        _ splitter: inout LineSplitter, before sequence: UInt64, _ reading: inout Reading,
        isAtEnd: Bool
    ) {
        guard var line = reading.tooLong, splitter.dropTooLong() || isAtEnd else { return }
        if isAtEnd { splitter.dropRest() }
        reading.tooLong = nil
        line.end = splitter.position
        line.nextSequence = sequence
        flush(&reading)
        queue.push(line)
    }

    /// The line's number in a regular file, wherever the reading began.
    private func number(
        of line: InputLine, _ reading: inout Reading
    ) throws(InputFault) -> UInt64 {
        guard input.isRegularFile else { return line.number }
        if reading.isAgain { return try number(at: line.offset) }
        if let first = reading.firstNumber { return first + line.number - 1 }
        let first = try number(at: plan.offset)
        reading.firstNumber = first
        return first + line.number - 1
    }

    /// The number of the line at an offset of a regular file.
    private func number(at end: UInt64) throws(InputFault) -> UInt64 {
        var buffer = [UInt8](repeating: 0, count: Self.chunkByteCount)
        var splitter = LineSplitter(
            delimiter: options.delimiter, byteCountMax: options.lineByteCountMax)
        var offset: UInt64 = 0
        while offset < end {
            let count = try unreadable { () throws(SystemError) in
                try input.read(&buffer, at: offset) ?? 0
            }
            guard count > 0 else { break }
            splitter.add(buffer[..<min(count, Int(clamping: end - offset))])
            splitter.passLines()
            offset += UInt64(count)
        }
        return splitter.number
    }
}
