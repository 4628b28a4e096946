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
        case read(ReadMessages, InputReader, StandardInput)
    }

    private let kind: Kind

    /// Makes the source; nothing is read from standard input before ``start(wake:)``.
    ///
    /// - Throws: A `UsageError` for an input that can't be used, or what proton throws.
    init(
        _ options: RunOptions, standardInput: StandardInput?, journal: Journal?,
        duplicateID: DuplicateID?
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
            let messages = try content(ContentTemplate(bytes: try contents(ofFile: path)))
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
            (kind, source) = (.read(messages, reader, standardInput), messages)
        }
    }

    /// Begins to read, and calls this on another thread whenever there is something to look at.
    func start(wake: @escaping @Sendable () -> Void) throws(SystemError) {
        guard case .read(_, let reader, _) = kind else { return }
        reader.queue.onMessage(wake)
        try reader.start()
    }

    /// Ends the reading, on any thread.
    var stopReading: @Sendable () -> Void {
        guard case .read(_, let reader, _) = kind else { return {} }
        return { reader.queue.close() }
    }

    /// Ends the input and the journal with it, when the run is over.
    func finish(_ journaled: JournaledSource?) -> InputEnd {
        var end = InputEnd()
        switch kind {
        case .counted: break
        case .content(let messages): end.fault = messages.fault
        case .read(let messages, let reader, let standardInput):
            reader.stop()
            end = messages.close()
            if let taken = messages.takenEnd { standardInput.leave(at: taken) }
        }
        if let journaled, journaled.close() { end.lostCount = 0 }
        return end
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

/// All that a file holds.
private func contents(ofFile path: String) throws(UsageError) -> [UInt8] {
    let byteCountMax = MessageMaker.encodedByteCountMax
    var bytes: [UInt8] = []
    do throws(SystemError) {
        let file = try OpenFile(path, O_RDONLY)
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= byteCountMax {
            let count = try retrying {
                chunk.withUnsafeMutableBytes { read(file.descriptor, $0.baseAddress, $0.count) }
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    } catch {
        throw UsageError("--content-file \(quoted(path)) can't be read: \(error)")
    }
    throw UsageError(
        "--content-file \(quoted(path)) holds more than \(byteCountMax >> 20) MiB: "
            + "send it in parts")
}
