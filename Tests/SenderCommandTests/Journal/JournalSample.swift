// Journals for tests, in memory.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery

@testable import SenderCommand

/// A journal's bytes, and what is known at the end of each record.
struct JournalSample {
    private(set) var bytes: [UInt8]
    private(set) var ends: [Int]
    private(set) var states: [JournalState]
    let header: JournalHeader
    private var scratch: [UInt8] = []

    static let nonce: UInt64 = 0x0123_4567_89AB_CDEF

    init(
        input: JournalInput = .counted, addresses: [String] = ["link1.queue"],
        _ records: [JournalRecord] = []
    ) {
        header = JournalHeader(
            nonce: Self.nonce, input: input, addresses: addresses, runID: "run")
        bytes = header.bytes
        ends = [bytes.count]
        states = [JournalState(addressCount: addresses.count)]
        for record in records { append(record) }
    }

    /// Appends a record, whether it makes sense or not.
    mutating func append(_ record: JournalRecord) {
        JournalFrame(nonce: Self.nonce).append(
            record, at: UInt64(bytes.count), to: &bytes, scratch: &scratch)
        var state = states[states.count - 1]
        _ = state.apply(record)
        ends.append(bytes.count)
        states.append(state)
    }

    /// Gives the header, behind which there is nothing yet, another version.
    mutating func becomeVersion(_ version: UInt8) {
        bytes[15] = version
        bytes.removeLast(4)
        var sum = CRC32C()
        sum.add(bytes)
        bytes.appendFixed(sum.value)
    }

    /// Says that all so far is on the disk.
    mutating func mark() {
        append(.flushed(through: UInt64(bytes.count)))
    }

    /// The number of records that end at or before this byte.
    func recordCount(before byte: Int) -> Int {
        ends.count { $0 <= byte } - 1
    }

    static let counted = JournalSample([
        .runBegan,
        .numbered(first: 1, last: 256),
        run(.accepted, 1, 100),
        run(.rejected, 101, 101),
        run(.accepted, 103, 256),
        .numbered(first: 257, last: 512),
        run(.givenUp, 102, 102),
        .untaken(from: 300),
        .runBegan,
        run(.accepted, 257, 512),
    ])

    static let placed = JournalSample(
        input: .regularFile,
        [
            .runBegan,
            .inputFingerprint(InputFingerprint(offset: 3, byteCount: 1024, checksum: 0x8765_4321)),
            .placed(first: 1, offset: 3, lengths: [10, 1, 300]),
            run(.accepted, 2, 2),
            .placed(first: 4, offset: 314, lengths: [7]),
            run(.rejected, 1, 1),
        ])

    static let payloads = JournalSample(
        input: .pipe,
        [
            .runBegan,
            .payload(sequence: 1, bytes: Array("first".utf8)),
            .payload(sequence: 2, bytes: []),
            .openLine(nil),
            .openLine(PipeIdentity(device: 14, inode: 99)),
            .payload(sequence: 3, bytes: [UInt8](repeating: 7, count: 200)),
            run(.accepted, 1, 2),
        ])

    static let countedForTwo = JournalSample(
        addresses: ["link1.a", "link1.b"],
        [
            .runBegan,
            .address(1), .numbered(first: 1, last: 256), run(.accepted, 1, 9),
            .address(0), .numbered(first: 1, last: 8192), run(.accepted, 1, 5000),
            .address(1), run(.rejected, 10, 10),
            .address(0), .untaken(from: 5100),
            .address(1), .untaken(from: 20),
            .runBegan, run(.accepted, 11, 11),
        ])

    static let payloadsForTwo = JournalSample(
        input: .jsonPipe, addresses: ["link1.a", "link1.b"],
        [
            .runBegan,
            .payload(sequence: 1, bytes: Array("first".utf8)),
            .payload(sequence: 2, bytes: Array("second".utf8)),
            .address(0), run(.accepted, 1, 2),
            .address(1), run(.accepted, 2, 2),
            .payload(sequence: 3, bytes: []),
        ])

    static let addressedPayloads = JournalSample(
        input: .jsonPipe,
        [
            .runBegan,
            .payload(sequence: 1, bytes: Array("first".utf8), address: "q.1"),
            .payload(sequence: 2, bytes: Array("second".utf8)),
            .payload(sequence: 3, bytes: [], address: "q.2"),
            run(.accepted, 1, 1),
        ])

    static var all: [JournalSample] {
        [counted, placed, payloads, countedForTwo, payloadsForTwo, addressedPayloads]
    }
}

func run(_ state: FinalState, _ first: UInt64, _ last: UInt64) -> JournalRecord {
    .settled(FinalRun(state: state, first: first, last: last))
}

/// Reads a journal that is in memory.
func replay(_ bytes: [UInt8]) throws -> JournalReplay {
    try JournalReplay(size: UInt64(bytes.count)) { offset, count in
        Array(bytes[Int(offset)...].prefix(count))
    }
}
