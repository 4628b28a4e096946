// Resuming the lines of a file or pipe.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ReliableSender
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct JournaledInputTests {
    private let directory: JournalDirectory

    init() throws {
        directory = try JournalDirectory()
    }

    private func handle(_ text: String) throws -> FileHandle {
        try unlinkedFile(text)
    }

    private func plan(
        _ file: FileHandle, _ journal: Journal?, delimiter: Delimiter = .newline,
        countMax: Int? = nil
    ) throws -> ReadingPlan {
        try ReadingPlan(
            StandardInput(descriptor: file.fileDescriptor), delimiter: delimiter, journal: journal,
            countMax: countMax)
    }

    /// A journal of a run that took three lines of "a\nbb\nccc\n", the second of which was accepted.
    private func takeThree(_ file: FileHandle) throws {
        let journal = try directory.open(.regularFile)
        _ = try plan(file, journal)
        #expect(journal.admit([.placed(first: 1, offset: 0, lengths: [2, 3, 4])]))
        journal.settle([2], as: .accepted)
        journal.close(untakenFrom: [4])
    }

    private let text = "a\nbb\nccc\n"

    @Test("without a journal, reading begins where the shell left the file")
    func noJournal() throws {
        let file = try handle(text)
        try file.seek(toOffset: 2)
        #expect(try plan(file, nil, countMax: 5) == ReadingPlan(lastSequence: 5, offset: 2))
        let pipe = Pipe()
        #expect(try plan(pipe.fileHandleForReading, nil) == ReadingPlan())
    }

    @Test("lines that are not final are read again, and then those that follow")
    func readAgain() throws {
        try takeThree(handle(text))
        // It may have grown.
        let plan = try plan(
            handle(text + "d\n"), directory.open(.regularFile), countMax: 9)
        #expect(
            plan
                == ReadingPlan(
                    again: [
                        .init(sequence: 1, offset: 0, byteCount: 2),
                        .init(sequence: 3, offset: 5, byteCount: 4),
                    ],
                    firstSequence: 4, lastSequence: 9, offset: 9, holdsUnended: true))
    }

    @Test("what was passed over at the end, or before the first message, is not read again")
    func passedOver() throws {
        for (before, offset) in [([], 4), ([2], 6)] as [([UInt64], UInt64)] {
            try? FileManager.default.removeItem(atPath: directory.path)
            let file = try handle("a\nb\nc\n")
            do {
                let journal = try directory.open(.regularFile)
                _ = try plan(file, journal)
                if !before.isEmpty {
                    #expect(journal.admit([.placed(first: 1, offset: 0, lengths: before)]))
                }
                journal.pass(through: offset)
                journal.pass(through: 1)
                journal.close(untakenFrom: [UInt64(before.count) + 1])
            }
            for _ in 1...2 {
                // Also by a summary.
                let journal = try directory.open(.regularFile)
                #expect(try plan(file, journal).offset == offset)
                #expect(journal.state.lastSequence == UInt64(before.count))
                var state = JournalState()
                let records = journal.state.summary
                #expect(records.allSatisfy { state.apply($0) })
                #expect(state.inputOffset == offset)
            }
        }
    }

    @Test("another file is refused")
    func otherFile() throws {
        try takeThree(handle(text))
        for (other, delimiter, mismatch) in [
            ("a\nbb\n", "\n", InputMismatch.shorter(size: 5, readEnd: 9)),
            ("A\nbb\nccc\nd\n", "\n", .otherBeginning),
            ("a\nbb\nccX\nd\n", "\n", .otherBeginning),
            (text + "d", ",", .otherLines(at: 9)), (text + "d", "c\n,", .otherLines(at: 9)),
            (text + "d", "more bytes than there are", .otherLines(at: 9)),
        ] {
            let delimiter = try #require(Delimiter(escaped: delimiter))
            #expect(throws: JournalError.otherFile(path: directory.path, mismatch)) {
                try plan(
                    handle(other), directory.open(.regularFile), delimiter: delimiter)
            }
        }
    }

    @Test("a last line that has grown is refused")
    func grownLine() throws {
        do {
            let journal = try directory.open(.regularFile)
            _ = try plan(handle("a\nb"), journal)
            #expect(journal.admit([.placed(first: 1, offset: 0, lengths: [2, 1])]))
            journal.close(untakenFrom: [3])
        }
        #expect(throws: Never.self) {
            try plan(handle("a\nb"), directory.open(.regularFile))
        }
        #expect(throws: JournalError.otherFile(path: directory.path, .otherLines(at: 3))) {
            try plan(handle("a\nbc\n"), directory.open(.regularFile))
        }
    }

    @Test("a file that was short at first is recognised by more of it later")
    func shortFile() throws {
        do {
            let journal = try directory.open(.regularFile)
            _ = try plan(handle("a\n"), journal)
            #expect(journal.admit([.placed(first: 1, offset: 0, lengths: [2])]))
            journal.close(untakenFrom: [2])
        }
        do {
            let journal = try directory.open(.regularFile)
            _ = try plan(handle("a\nb\n"), journal)
            #expect(journal.state.inputFingerprint?.byteCount == 4)
            journal.close(untakenFrom: [2])
        }
        #expect(throws: JournalError.self) {
            try plan(handle("a\nX\n"), directory.open(.regularFile))
        }
    }

    @Test("a last line may get its delimiter later")
    func laterDelimiter() throws {
        do {
            let journal = try directory.open(.regularFile)
            _ = try plan(handle("a\nb"), journal)
            #expect(journal.admit([.placed(first: 1, offset: 0, lengths: [2, 1])]))
            journal.close(untakenFrom: [3])
        }
        let plan = try plan(handle("a\nb\nc\n"), directory.open(.regularFile))
        #expect(plan.firstSequence == 3 && plan.offset == 4)
    }

    @Test("a line that was not taken may be mended")
    func mended() throws {
        do {
            let file = try handle("a\nbb\nbad\n")
            let journal = try directory.open(.regularFile)
            _ = try plan(file, journal)
            #expect(journal.admit([.placed(first: 1, offset: 0, lengths: [2, 3])]))
            try journal.forgetUntaken(of: StandardInput(descriptor: file.fileDescriptor))
            #expect(journal.state.inputFingerprint?.byteCount == 5)
            journal.close(untakenFrom: [3])
        }
        #expect(try plan(handle("a\nbb\ngood\n"), directory.open(.regularFile)).offset == 5)
        #expect(throws: JournalError.otherFile(path: directory.path, .otherBeginning)) {
            try plan(handle("a\nXX\ngood\n"), directory.open(.regularFile))
        }
    }

    @Test("the file is still recognised after the journal was rewritten")
    func afterRewriting() throws {
        try takeThree(handle(text))
        let state = try replay(directory.bytes).state
        var again = JournalState()
        for record in state.summary {
            let isTaken = again.apply(record)
            #expect(isTaken)
        }
        #expect(again == state && again.inputFingerprint != nil)
    }

    @Test("only the same pipe is known to begin within a line")
    func samePipe() throws {
        let (pipe, other) = (Pipe(), Pipe())
        func plan(_ pipe: Pipe) throws -> ReadingPlan {
            try self.plan(pipe.fileHandleForReading, directory.open(.pipe))
        }
        do {
            let journal = try directory.open(.pipe)
            let input = try StandardInput(
                descriptor: pipe.fileHandleForReading.fileDescriptor)
            #expect(input.pipe != nil)
            var pipe: PipeIdentity?
            journal.openLine = { pipe }
            journal.endTurn()
            #expect(journal.state.openLine == nil)
            pipe = input.pipe
            // A killed process writes no more than this.
            journal.endTurn()
        }
        #expect(try plan(pipe).beginsWithinLine)
        #expect(try !plan(other).beginsWithinLine)
        do {
            let journal = try directory.open(.pipe)
            journal.openLine = { nil }
            journal.close(untakenFrom: [1])
        }
        #expect(try !plan(pipe).beginsWithinLine)
    }

    @Test("lines behind bad data of a pipe are kept")
    func behindBadData() throws {
        let queue = try InputQueue()
        func message(_ sequence: UInt64) -> EncodedMessage {
            EncodedMessage(
                sequence: sequence, encoded: [7], offset: 0, byteCount: 2)
        }
        queue.push([message(1)])
        queue.end(
            InputEnd(fault: .badLine(2, reason: "is bad"), behind: [message(2), message(3)]))
        let messages = StandardInputSource(queue, isRegularFile: false)
        let journal = try directory.open(.pipe)
        let source = JournaledSource(messages, journal: journal)
        #expect(try source.takeNext(journal)?.sequence == 1)
        #expect(source.isAtEnd && source.next == nil)
        #expect(messages.close().lostCount == 2)
        #expect(source.close() == 3)
        #expect(try replay(directory.bytes).state.payloads.map(\.0) == [1, 2, 3])
    }

    /// Of a full disk, too, only that is lost which the journal does not have.
    @Test("what the journal has is not lost when it can't be written")
    func unwritable() throws {
        let queue = try InputQueue()
        for sequence in 1...300 as ClosedRange<UInt64> {
            queue.push([
                EncodedMessage(
                    sequence: sequence, encoded: [7], offset: 0, byteCount: 2)
            ])
        }
        queue.end(InputEnd())
        let messages = StandardInputSource(queue, isRegularFile: false)
        let disk = try PatientDisk()
        disk.skipFlushes()
        let journal = try directory.open(.pipe, on: disk)
        #expect(
            journal.admit(messages.upcoming(countMax: 100)) && journal.writtenSequence() == 100)
        try journal.waitUntilDurable(100)
        let source = JournaledSource(messages, journal: journal)
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(try source.takeNext(journal)?.sequence == sequence)
        }
        try withFullDisk(journal) {
            var end = messages.close()
            let kept = source.close()
            #expect(kept == 100 && journal.failure != nil)
            end.keep(messages.untakenCount(through: kept))
            #expect((end.keptCount, end.lostCount) == (97, 200))
            #expect(end.notTakenCount == 297)
        }
    }

    @Test("lines that were read from a pipe are kept when the run ends")
    func keptAtTheEnd() throws {
        let queue = try InputQueue()
        for sequence in 1...300 as ClosedRange<UInt64> {
            queue.push([
                EncodedMessage(
                    sequence: sequence, encoded: [UInt8(sequence % 7)],
                    offset: 0, byteCount: 2)
            ])
        }
        queue.end(InputEnd())
        let messages = StandardInputSource(queue, isRegularFile: false)
        let journal = try directory.open(.pipe)
        let source = JournaledSource(messages, journal: journal)
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(try source.takeNext(journal)?.sequence == sequence)
        }
        #expect(messages.close().lostCount == 297)
        #expect(source.close() == 300)
        let state = try replay(directory.bytes).state
        #expect(state.payloads.map(\.0) == Array(1...300))
        #expect(state.payloads.last?.1.encoded == [UInt8(300 % 7)])
        // Only what was taken may have been sent.
        #expect(state.addresses[0].doubtfulCount == 3)
    }
}
