// The input of a run: what is opened before it, and what is said of it at its end.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Sending

/// Puts the source of a run together, with the thread behind it if there is one.
struct RunInput {
    let source: any ResumableSource

    private enum Kind {
        case counted
        case content(ContentMessages)
        case read(Reading)
    }

    private let kind: Kind

    /// Makes the source; nothing is read from standard input before ``start(wake:)``.
    ///
    /// - Throws: A `UsageError` for an input that can't be used, a ``StoppedEarly``, or what
    ///   proton throws.
    init(
        _ options: RunOptions, standardInput: StandardInput?, journal: Journal?,
        duplicateID: DuplicateID?, unlessStoppedBy signals: StopSignals
    ) throws {
        let (input, prototype) = (options.input, options.prototype)
        func maker(_ reading: MessageMaker.Reading) -> MessageMaker {
            MessageMaker(reading: reading, prototype: prototype, duplicateID: duplicateID)
        }
        func content(_ template: ContentTemplate) throws(UsageError) -> ContentMessages {
            try ContentMessages(
                checking: template, maker: maker(.body(input.bodyType)),
                option: input.input.optionName, count: UInt64(options.messages ?? 1))
        }
        switch input.input {
        case .counted:
            kind = .counted
            source = try CountedMessages(
                count: options.messages ?? .max, prototype: prototype, duplicateID: duplicateID)
        case .content(let text):
            let messages = try content(ContentTemplate(text))
            (kind, source) = (.content(messages), messages)
        case .contentFile(let path):
            let messages = try content(
                ContentTemplate(bytes: contents(ofFile: path, unlessStoppedBy: signals)))
            (kind, source) = (.content(messages), messages)
        case .lines, .json:
            let standardInput = try standardInput ?? StandardInput()
            let plan = try ReadingPlan(
                standardInput, delimiter: input.delimiter, journal: journal,
                countMax: options.messages)
            let reader = try InputReader(
                standardInput, options: input,
                maker: maker(input.input == .json ? .json : .body(input.bodyType)), plan: plan)
            let messages = ReadMessages(
                reader.queue, isRegularFile: standardInput.isRegularFile,
                stored: journal?.state.payloads ?? [])
            let reading = Reading(
                messages: messages, reader: reader, standardInput: standardInput, plan: plan,
                journal: journal)
            (kind, source) = (.read(reading), messages)
        }
    }

    /// Begins to read, and calls this on another thread whenever there is something to look at.
    func start(wake: @escaping @Sendable () -> Void) throws(SystemError) {
        guard case .read(let reading) = kind else { return }
        reading.reader.queue.onMessage(wake)
        try reading.reader.start()
    }

    /// Ends the reading, on any thread.
    var stopReading: @Sendable () -> Void {
        guard case .read(let reading) = kind else { return {} }
        return { [queue = reading.reader.queue] in queue.close() }
    }

    /// Ends the input and the journal with it, when the run is over.
    func finish(_ journaled: JournaledSource?) -> InputEnd {
        var end = InputEnd()
        switch kind {
        case .counted: break
        case .content(let messages): end.fault = messages.fault
        case .read(let reading): end = reading.finish()
        }
        if let journaled, journaled.close() { end.lostCount = 0 }
        return end
    }
}

/// Standard input, from which another thread reads.
private struct Reading {
    var messages: ReadMessages
    var reader: InputReader
    var standardInput: StandardInput
    var plan: ReadingPlan
    var journal: Journal?

    /// Ends it, and leaves behind what another run can go on with.
    func finish() -> InputEnd {
        reader.stop()
        standardInput.leave(at: max(messages.takenEnd ?? 0, plan.offset))
        // A journal that can't be written has been told of.
        try? journal?.forgetUntaken(of: standardInput)
        return messages.close()
    }
}

extension MessageInput {
    fileprivate var optionName: String {
        switch self {
        case .counted: "--messages"
        case .content: "--content"
        case .contentFile: "--content-file"
        case .lines: "--stdin"
        case .json: "--json"
        }
    }
}

/// All that a file holds; of a named pipe, once its writer has come and gone.
private func contents(
    ofFile path: String, unlessStoppedBy signals: StopSignals
) throws -> [UInt8] {
    let byteCountMax = MessageMaker.encodedByteCountMax
    let stop = try Bell()
    signals.onFirst { stop.ring() }
    var bytes: [UInt8] = []
    do throws(SystemError) {
        let file = try OpenFile(path, O_RDONLY | O_NONBLOCK)
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= byteCountMax, stop.wait(orFor: file.descriptor) {
            guard let count = try file.readNext(&chunk) else { continue }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    } catch {
        throw UsageError("--content-file \(quoted(path)) can't be read: \(error)")
    }
    if let signal = signals.first { throw StoppedEarly(signal: signal) }
    throw UsageError(
        "--content-file \(quoted(path)) holds more than \(byteCountMax >> 20) MiB: "
            + "send it in parts")
}

extension OpenFile {
    /// Reads what is there; 0 at the end, nil when there is nothing now.
    fileprivate func readNext(_ buffer: inout [UInt8]) throws(SystemError) -> Int? {
        do throws(SystemError) {
            return try retrying {
                buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            }
        } catch {
            guard error.number == EAGAIN else { throw error }
            return nil
        }
    }
}
