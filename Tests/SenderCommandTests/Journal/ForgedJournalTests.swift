// Well-formed journals that no run wrote.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery
import ReliableSender
import Testing

@testable import SenderCommand

/// Whoever can write a file can write checksums, too: such a journal is refused or used, and never a
/// trap.
@Suite(.endsIfItHangs) struct ForgedJournalTests {
    private let directory: JournalDirectory
    private let file: FileHandle
    private static let size: UInt64 = 400

    init() throws {
        directory = try JournalDirectory()
        let url = directory.url.appending(path: "input")
        try Data((0..<Self.size / 4).map { _ in "123\n" }.joined().utf8).write(to: url)
        file = try FileHandle(forReadingFrom: url)
    }

    /// Opens the journal and does all that a run does with it, but for the sending.
    private func use(_ input: JournalInput) throws {
        let opened = try OpenedJournal(directory.request(input: input))
        let journal = try Journal(opened) { _ throws(SystemError) in }
        let arguments: [String]
        switch input {
        case .counted, .content: arguments = ["-m", "20"]
        case .regularFile, .pipe: arguments = ["--stdin"]
        case .jsonFile, .jsonPipe: arguments = ["--json"]
        }
        let options = try run(arguments)
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("{}\n{}\n".utf8))
        try pipe.fileHandleForWriting.close()
        let isFile = input == .regularFile || input == .jsonFile
        let descriptor = (isFile ? file : pipe.fileHandleForReading).fileDescriptor
        let runInput = try RunInput(
            options, content: nil, standardInput: StandardInput(descriptor: descriptor),
            journal: journal, duplicateID: nil)
        let source = runInput.sources[0]
        let wakePipe = try WakePipe()
        journal.onProgress { wakePipe.wake() }
        try runInput.start { wakePipe.wake() }
        var count = 0
        while count < 300 {
            guard let next = source.next else {
                if source.isAtEnd || journal.failure != nil { break }
                wakePipe.wait()
                continue
            }
            source.take()
            source.withEncoded(sequence: next.sequence) { _ in }
            source.free([next.sequence])
            if count % 3 > 0 { journal.settle([next.sequence], as: .accepted) }
            journal.endTurn()
            count += 1
        }
        _ = runInput.finish()
        _ = journal.resumption?.sentence(missing: nil)
    }

    /// Says whether the journal was used.
    private func isUsed(_ input: JournalInput, _ records: [JournalRecord]) throws -> Bool {
        try directory.write(JournalSample(input: input, records).bytes)
        do {
            try use(input)
            return true
        } catch is JournalError {
            return false
        }
    }

    @Test("a record that another kind of input has is refused")
    func otherKinds() throws {
        let message = try Message(body: .value(.string("a"))).encoded()
        let records: [(JournalRecord, [JournalInput])] = [
            (.numbered(first: 1, last: 1), [.counted, .content]),
            (.placed(first: 1, offset: 0, lengths: [4]), [.regularFile, .jsonFile]),
            (.payload(sequence: 1, bytes: message), [.pipe, .jsonPipe]),
            (.payload(sequence: 1, bytes: message, address: "q"), [.jsonPipe]),
            (.passed(through: 4), [.regularFile, .jsonFile]),
        ]
        for (record, inputs) in records {
            for input in JournalInput.allCases {
                #expect(
                    try isUsed(input, [.runBegan, record]) == inputs.contains(input),
                    "\(record) \(input)")
            }
        }
    }

    private static let contradictions: [(JournalInput, [JournalRecord])] = [
        (.pipe, [.payload(sequence: 1, bytes: [])]),
        (.pipe, [.payload(sequence: 1, bytes: [7, 7, 7])]),
        (.pipe, [.position(lastSequence: 2, inputOffset: 0)]),
        (.regularFile, [.position(lastSequence: 2, inputOffset: 8)]),
        (.regularFile, [.passed(through: 8), .passed(through: 4)]),
        (.regularFile, [.passed(through: .max)]),
        (.regularFile, [.placed(first: 1, offset: 0, lengths: [0])]),
        (.regularFile, [.placed(first: 1, offset: 1 << 63, lengths: [4])]),
        (.regularFile, [.placed(first: 1, offset: 0, lengths: [.max])]),
        (
            .regularFile,
            [
                .position(lastSequence: 1, inputOffset: 4),
                .placed(first: 1, offset: 396, lengths: [4]),
            ]
        ),
        (.counted, [.position(lastSequence: .max - 1, inputOffset: 0)]),
        (.counted, [.numbered(first: 1, last: .max - 1)]),
    ]

    @Test("numbers that no run can have are refused")
    func contradictions() throws {
        for (input, records) in Self.contradictions {
            #expect(try !isUsed(input, records), "\(input) \(records)")
        }
    }

    @Test("records of any kind and number are refused or used")
    func anyRecords() throws {
        var usedCount = 0
        for seed in 0..<1000 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            let input = JournalInput.allCases[Int(seed) % JournalInput.allCases.count]
            var state = JournalState()
            var records: [JournalRecord] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let record = try record(input, &random)
                // Most fit what is there: the others only end it.
                var next = state
                let isConsistent = next.apply(record)
                if isConsistent { state = next }
                if isConsistent || Int.random(in: 0..<10, using: &random) == 0 {
                    records.append(record)
                }
            }
            if try isUsed(input, records) { usedCount += 1 }
        }
        #expect(usedCount > 100)
    }

    private func record(
        _ input: JournalInput, _ random: inout RandomSource
    ) throws -> JournalRecord {
        func number(_ most: UInt64) -> UInt64 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0: .random(in: 0 ... .max, using: &random)
            case 1: .max - .random(in: 0...2, using: &random)
            default: .random(in: 0...most, using: &random)
            }
        }
        let first = number(4)
        let run = FinalRun(state: .accepted, first: first, last: max(first, number(6)))
        switch Int.random(in: 0..<15, using: &random) {
        case 14: return .passed(through: number(40))
        case 0: return .position(lastSequence: number(4), inputOffset: number(40))
        case 1: return .runBegan
        case 2: return .untaken(from: number(5))
        case 3: return .flushed(through: number(200))
        case 4: return .openLine(PipeIdentity(device: number(9), inode: number(9)))
        case 5:
            return .inputFingerprint(
                InputFingerprint(
                    offset: number(9) >> 1, byteCount: min(number(20), 1024), checksum: 0))
        case 6: return .settled(run)
        case 7, 8: return .numbered(first: first, last: max(first, number(9)))
        case 9, 10:
            return .placed(
                first: first, offset: number(20),
                lengths: (0..<Int.random(in: 0...3, using: &random)).map { _ in number(12) })
        default:
            let message = try Message(body: .value(.string("a"))).encoded()
            return .payload(sequence: first, bytes: first == 3 ? [1, 2] : message)
        }
    }
}
