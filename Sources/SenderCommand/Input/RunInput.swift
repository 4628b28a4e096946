// The input of a run.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// Creates the sources of a run and, for standard input, its reading thread.
struct RunInput {
    /// By address.
    let sources: [any MessageSource]

    private enum Kind {
        case generated
        case content([ContentMessages])
        case read(Reading)
    }

    private let kind: Kind
    private let journal: Journal?
    /// The messages of the journal: by address if they are generated, else one for all.
    private let journaled: [JournaledSource]

    /// Makes the sources; nothing is read from standard input before ``start(wake:)``.
    ///
    /// - Throws: A `UsageError` for an input that can't be used, or what proton throws.
    init(
        _ options: RunOptions, content: Content?, standardInput: StandardInput?,
        journal: Journal?, duplicateID: DuplicateID?, runID: String = "",
        badLines: BadLines? = nil
    ) throws {
        self.journal = journal
        let encoders = Encoders(options: options, duplicateID: duplicateID, runID: runID)
        if options.input.input.isStandardInput {
            var reading = try Reading(
                standardInput ?? StandardInput(), encoders, journal: journal, badLines: badLines)
            let recorded = journal.map { JournaledSource(input: reading.messages, journal: $0) }
            journaled = recorded.map { [$0] } ?? []
            sources = reading.sources(from: recorded ?? reading.messages, for: options)
            kind = .read(reading)
            return
        }
        let generated: [any ResumableSource]
        // Counted messages are made faster if nothing but their number differs.
        if content != nil || options.filled != nil {
            let messages = try encoders.contentMessages(content)
            (kind, generated) = (.content(messages), messages)
        } else {
            kind = .generated
            generated = try options.destinations.all.map { _ in
                try CountedMessages(
                    count: options.messages ?? .max, prototype: options.prototype,
                    duplicateID: duplicateID)
            }
        }
        guard let journal else {
            (sources, journaled) = (generated, [])
            return
        }
        journaled = generated.enumerated().map {
            JournaledSource($1, journal: journal, for: $0)
        }
        sources = journaled
    }

    /// Starts reading once the source is asked for a message; `wake` is called on another thread
    /// when there are new messages.
    func start(wake: @escaping @Sendable () -> Void) throws(SystemError) {
        guard case .read(let reading) = kind else { return }
        reading.reader.queue.onMessage(wake)
        try reading.reader.start()
    }

    /// Gives senders to addresses that lines of the input name; nil where none may.
    var supply: (any SenderSupply)? {
        guard case .read(let reading) = kind else { return nil }
        return reading.addressed
    }

    /// All messages of the run, for whoever sends none.
    var allMessages: any MessageSource {
        guard case .read(let reading) = kind else { return sources[0] }
        return reading.messages
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

    /// Messages that an address has not taken, though another one has.
    var lags: [Int] {
        guard case .read(let reading) = kind, let fanOut = reading.fanOut else {
            return sources.map { _ in 0 }
        }
        return fanOut.branches.map(\.lag)
    }

    /// Closes the input and the journal after the run.
    ///
    /// `isUsedUp`: what was taken of a file is left behind for the next process that reads it.
    func finish(isUsedUp: Bool = true) -> InputEnd {
        var end = InputEnd()
        switch kind {
        case .generated: break
        case .content(let messages): end.fault = messages.compactMap(\.fault).first
        case .read(let reading): end = reading.finish(isUsedUp: isUsedUp)
        }
        guard let journal else { return end }
        if case .read(let reading) = kind {
            let kept = journaled[0].recordRest()
            if end.lostCount > 0 {
                end.keep(reading.messages.untakenCount(through: kept) + reading.waitingCount)
            }
            let taken =
                reading.fanOut?.branches.map(\.lastTaken)
                ?? [reading.addressed?.lastTaken ?? journaled[0].lastTaken]
            journal.close(untakenFrom: taken.map { $0 + 1 })
        } else {
            journal.close(untakenFrom: journaled.map { $0.lastTaken + 1 })
        }
        return end
    }
}

/// Makes the encoders of a run's messages.
private struct Encoders {
    let options: RunOptions
    let duplicateID: DuplicateID?
    let runID: String

    func encoder(
        _ reading: MessageEncoder.Reading, for destination: Destination,
        _ bodyFiles: BodyFiles? = nil
    ) -> MessageEncoder {
        MessageEncoder(
            reading: reading, prototype: options.prototype, duplicateID: duplicateID,
            bodyFiles: bodyFiles, mayNameAddress: options.destinations.onDemand != nil,
            filled: options.filled,
            values: PlaceholderValues(runID: runID, address: destination.address))
    }

    /// The encoder of what standard input has.
    func encoder(ofLinesOf standardInput: StandardInput) -> MessageEncoder {
        let input = options.input
        return encoder(
            input.input == .json ? .json : .body(input.bodyType),
            for: options.destinations.all[0],
            BodyFiles(besides: standardInput, isAnyAllowed: input.isAnyBodyFileAllowed))
    }

    /// For each address, messages with this content; counted ones if there is none.
    func contentMessages(_ content: Content?) throws(UsageError) -> [ContentMessages] {
        let reading =
            content == nil ? MessageEncoder.Reading.counted : .body(options.input.bodyType)
        return try options.destinations.all.map { destination throws(UsageError) in
            try ContentMessages(
                checking: content?.template ?? ContentTemplate.none,
                encoder: encoder(reading, for: destination),
                option: options.input.input.optionName,
                count: options.messages.map(UInt64.init) ?? .max)
        }
    }
}

/// Standard input with its reading thread.
private struct Reading {
    let messages: StandardInputSource
    let reader: InputReader
    let plan: ReadingPlan
    /// nil: there is one address.
    private(set) var fanOut: FanOut?
    /// nil: no line may name an address.
    private(set) var addressed: AddressedInput?
    private let standardInput: StandardInput
    private let journal: Journal?
    private let badLines: BadLines?

    init(
        _ standardInput: StandardInput, _ encoders: Encoders, journal: Journal?,
        badLines: BadLines?
    ) throws {
        let options = encoders.options.input
        self.standardInput = standardInput
        self.journal = journal
        self.badLines = badLines
        plan = try ReadingPlan(
            standardInput, delimiter: options.delimiter, journal: journal,
            countMax: encoders.options.messages)
        reader = try InputReader(
            standardInput, options: options,
            encoder: encoders.encoder(ofLinesOf: standardInput), plan: plan)
        if let pipe = standardInput.pipe {
            journal?.openLine = { [queue = reader.queue] in queue.isWithinLine ? pipe : nil }
        }
        messages = StandardInputSource(
            reader.queue, isRegularFile: standardInput.isRegularFile,
            stored: journal?.state.payloads ?? [], badLines: badLines)
    }

    /// The messages of `source` for each address.
    mutating func sources(
        from source: any MessageSource, for options: RunOptions
    ) -> [any MessageSource] {
        let destinations = options.destinations
        let bounds = InputBounds(windowOf: options.sending.recovery)
        if let onDemand = destinations.onDemand {
            let addressed = AddressedInput(
                messages, from: source, destination: destinations.all[0],
                pace: destinations.pace, linkCount: destinations.linkCount,
                bounds: bounds, senders: onDemand)
            self.addressed = addressed
            return [addressed.unaddressed]
        }
        guard destinations.all.count > 1 else { return [source] }
        let finals = journal.map { $0.state.addresses.map(\.finals) }
        let fanOut = FanOut(
            source, addressCount: destinations.all.count, linkCount: destinations.linkCount,
            lead: bounds
        ) { address, sequence in
            finals?[address].run(of: sequence) != nil
        }
        self.fanOut = fanOut
        return fanOut.branches
    }

    /// Stops reading, and positions the input for the next run.
    func finish(isUsedUp: Bool) -> InputEnd {
        let isCounted = reader.stop()
        let repeatedCount = isUsedUp ? leaveInput() : 0
        if standardInput.isRegularFile, let badLines, badLines.areRecorded {
            journal?.pass(through: messages.takenEnd ?? 0)
        }
        // A failing journal has been reported.
        try? journal?.forgetUntaken(of: standardInput)
        var end = messages.close()
        end.repeatedCount = repeatedCount
        end.isUncounted = !isCounted && !standardInput.isRegularFile
        if standardInput.isRegularFile {
            end.waitingCount += waitingCount
        } else {
            end.lostCount += waitingCount
        }
        return end
    }

    /// Leaves a regular file behind what was taken, for whoever reads on there.
    ///
    /// Messages of the journal are not read there again. Others must not be passed over: it is left at the first one
    /// that waits.
    ///
    /// - Returns: The number of taken messages behind that.
    private func leaveInput() -> Int {
        let end = max(messages.takenEnd ?? 0, plan.offset)
        guard standardInput.isRegularFile, journal == nil, let first = addressed?.firstWaiting
        else {
            standardInput.leave(at: end)
            return 0
        }
        standardInput.leave(at: first.offset)
        return Int(messages.lastTaken - first.sequence) + 1 - waitingCount
    }

    /// Messages that were read and that no sender has taken, as their addresses had no room.
    var waitingCount: Int { addressed?.waitingCount ?? 0 }
}

extension MessageInput {
    fileprivate var optionName: String {
        switch self {
        case .counted: "--content-size"
        case .content: "--content"
        case .contentFile: "--content-file"
        case .lines: "--stdin"
        case .json: "--json"
        }
    }
}
