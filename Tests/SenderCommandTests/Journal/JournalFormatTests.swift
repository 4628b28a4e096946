// The bytes of the journal.
// SPDX-License-Identifier: Apache-2.0

import LinkRecovery
import Testing

@testable import SenderCommand

@Suite struct JournalFormatTests {
    static let records: [JournalRecord] = [
        .numbered(first: 1, last: 1),
        .numbered(first: 127, last: .max - 1),
        .placed(first: 1, offset: 1 << 40, lengths: [1, 127, 128, 1 << 33]),
        .payload(sequence: 1 << 63, bytes: []),
        .payload(sequence: 1, bytes: [UInt8](repeating: 0xFF, count: 300)),
        .payload(sequence: 2, bytes: [1, 2, 3], address: "q.é"),
        run(.accepted, 1, 10_000_000),
        run(.rejected, 5, 5),
        run(.givenUp, .max - 2, .max - 1),
        run(.unconfirmed, 1, 3),
        .flushed(through: 300),
        .untaken(from: 1),
        .runBegan,
        .position(lastSequence: 9, inputOffset: 10), .address(300), .passed(through: 1 << 33),
        .openLine(nil),
        .openLine(PipeIdentity(device: 14, inode: 1 << 40)),
    ]

    @Test("the checksum is CRC-32C")
    func checksum() {
        // RFC 3720, appendix B.4.
        let vectors: [([UInt8], UInt32)] = [
            ([], 0),
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0...31), 0x46DD_794E),
            (Array("123456789".utf8), 0xE306_9283),
        ]
        for (bytes, expected) in vectors {
            var sum = CRC32C()
            sum.add(bytes)
            #expect(sum.value == expected)
        }
        var (ofNumber, ofBytes) = (CRC32C(), CRC32C())
        ofNumber.add(UInt64(0x0807_0605_0403_0201))
        ofBytes.add(Array(1...8))
        #expect(ofNumber.value == ofBytes.value)
    }

    @Test(
        "numbers are read as they were written",
        arguments: [0, 1, 127, 128, 16_383, 16_384, 1 << 62, 1 << 63, .max] as [UInt64])
    func numbers(number: UInt64) {
        var bytes: [UInt8] = []
        bytes.appendNumber(number)
        var reader = ByteReader(bytes[...])
        #expect(reader.number() == number)
        #expect(reader.isAtEnd)
        for count in bytes.indices {
            var torn = ByteReader(bytes.prefix(count))
            #expect(torn.number() == nil)
        }
    }

    @Test(
        "a number has one encoding only",
        arguments: [
            [0x80, 0x00],
            [0xFF, 0x80, 0x00],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            [UInt8](repeating: 0xFF, count: 11),
        ])
    func oneSpelling(bytes: [UInt8]) {
        var reader = ByteReader(bytes[...])
        #expect(reader.number() == nil)
    }

    @Test("records are read as they were written", arguments: records) func roundTrip(
        record: JournalRecord
    ) {
        let frame = JournalFrame(nonce: 42)
        var (bytes, scratch): ([UInt8], [UInt8]) = ([1, 2, 3], [])
        frame.append(record, at: 1000, to: &bytes, scratch: &scratch)
        let reading = frame.read(bytes[3...] + [9], at: 1000)
        #expect(reading == .record(record, byteCount: bytes.count - 3))
        #expect(frame.read(bytes[3...], at: 1001) == .damaged)
        #expect(JournalFrame(nonce: 43).read(bytes[3...], at: 1000) == .damaged)
    }

    @Test("a record's body that is longer or shorter is none", arguments: records) func wrongLength(
        record: JournalRecord
    ) {
        var body: [UInt8] = []
        record.appendBody(to: &body)
        #expect(JournalRecord(record.kind, body: body[...]) == record)
        let isOpenEnded = [.payload, .addressedPayload, .placed].contains(record.kind)
        guard !isOpenEnded else { return }
        #expect(JournalRecord(record.kind, body: (body + [0])[...]) == nil)
        for count in body.indices {
            #expect(JournalRecord(record.kind, body: body.prefix(count)) == nil)
        }
    }

    @Test("a run of final messages takes few bytes")
    func finalRun() {
        var sample = JournalSample([.numbered(first: 1, last: 10_000_000)])
        let before = sample.bytes.count
        sample.append(run(.accepted, 9_000_001, 9_000_500))
        #expect(sample.bytes.count - before <= 14)
    }

    @Test("the header is read as it was written")
    func header() {
        let commands = [
            nil, JournalCommand(),
            JournalCommand(
                bodyType: .value, delimiter: Delimiter(0), contentChecksum: 0x8765_4321),
            JournalCommand(delimiter: Delimiter([1, 2, 3]) ?? .newline),
        ]
        for (input, command, others) in JournalInput.allCases.flatMap({ input in
            commands.map { (input, $0, []) } + [(input, JournalCommand(), ["", "c"])]
        }) {
            let header = JournalHeader(
                nonce: 7, input: input, addresses: ["ä/b"] + others, runID: "", command: command)
            let bytes = header.bytes
            #expect(
                JournalHeader.read(bytes + [1, 2])
                    == .header(
                        header, version: header.neededVersion, byteCount: bytes.count))
            for count in bytes.indices {
                guard case .needs(let byteCount) = JournalHeader.read(bytes.prefix(count)) else {
                    Issue.record("a part of a header was taken for something else")
                    continue
                }
                #expect(byteCount > count)
            }
        }
    }

    @Test("the error for a wrong header says what it is not")
    func wrongHeader() {
        var bytes = JournalHeader(nonce: 7, input: .pipe, addresses: ["a"], runID: "b").bytes
        #expect(JournalHeader.read(Array("{}".utf8)[...]) == .notAJournal)
        #expect(JournalHeader.read([UInt8](repeating: 0, count: 100)[...]) == .notAJournal)
        bytes[15] = JournalHeader.version + 1
        #expect(JournalHeader.read(bytes[...]) == .newerVersion(JournalHeader.version + 1))
        bytes[15] = JournalHeader.version
        bytes[30] ^= 1
        #expect(JournalHeader.read(bytes[...]) == .damaged)
    }
}
