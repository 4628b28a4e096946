// The input of a run.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Creates the source of a run and, for standard input, its reading thread.
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
    /// - Throws: A `UsageError` for an input that can't be used, or what proton throws.
    init(
        _ options: RunOptions, content: Content?, standardInput: StandardInput?,
        journal: Journal?, duplicateID: DuplicateID?
    ) throws {
        let (input, prototype) = (options.input, options.prototype)
        func encoder(_ reading: MessageEncoder.Reading) -> MessageEncoder {
            MessageEncoder(reading: reading, prototype: prototype, duplicateID: duplicateID)
        }
        if let content {
            let messages = try ContentMessages(
                checking: content.template, encoder: encoder(.body(input.bodyType)),
                option: input.input.optionName, count: UInt64(options.messages ?? 1))
            (kind, source) = (.content(messages), messages)
            return
        }
        switch input.input {
        case .counted, .content, .contentFile:
            kind = .counted
            source = try CountedMessages(
                count: options.messages ?? .max, prototype: prototype, duplicateID: duplicateID)
        case .lines, .json:
            let standardInput = try standardInput ?? StandardInput()
            let plan = try ReadingPlan(
                standardInput, delimiter: input.delimiter, journal: journal,
                countMax: options.messages)
            let reader = try InputReader(
                standardInput, options: input,
                encoder: encoder(input.input == .json ? .json : .body(input.bodyType)), plan: plan)
            if let pipe = standardInput.pipe {
                journal?.openLine = { [queue = reader.queue] in queue.isWithinLine ? pipe : nil }
            }
            let messages = StandardInputSource(
                reader.queue, isRegularFile: standardInput.isRegularFile,
                stored: journal?.state.payloads ?? [])
            let reading = Reading(
                messages: messages, reader: reader, standardInput: standardInput, plan: plan,
                journal: journal)
            (kind, source) = (.read(reading), messages)
        }
    }

    /// Starts reading once the source is asked for a message; `wake` is called on another thread
    /// when there are new messages.
    func start(wake: @escaping @Sendable () -> Void) throws(SystemError) {
        guard case .read(let reading) = kind else { return }
        reading.reader.queue.onMessage(wake)
        try reading.reader.start()
    }

    /// A warning about the beginning of the input.
    var beginningSentence: String? {
        guard case .read(let reading) = kind, reading.plan.beginsWithinLine else { return nil }
        return
            "the rest of a line is dropped: an earlier run has read its beginning from the same pipe"
    }

    /// Stops the reading; callable on any thread.
    var stopReading: @Sendable () -> Void {
        guard case .read(let reading) = kind else { return {} }
        return { [queue = reading.reader.queue] in queue.close() }
    }

    /// Closes the input and the journal after the run.
    func finish(_ journaled: JournaledSource?) -> InputEnd {
        var end = InputEnd()
        switch kind {
        case .counted: break
        case .content(let messages): end.fault = messages.fault
        case .read(let reading): end = reading.finish()
        }
        guard let journaled else { return end }
        let kept = journaled.close()
        if case .read(let reading) = kind, end.lostCount > 0 {
            end.keep(reading.messages.untakenCount(through: kept))
        }
        return end
    }
}

/// Standard input with its reading thread.
private struct Reading {
    var messages: StandardInputSource
    var reader: InputReader
    var standardInput: StandardInput
    var plan: ReadingPlan
    var journal: Journal?

    /// Stops reading, and positions the input for the next run.
    func finish() -> InputEnd {
        reader.stop()
        standardInput.leave(at: max(messages.takenEnd ?? 0, plan.offset))
        // A failing journal has been reported.
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
