// A journal reused with other options.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import SenderCommand

@Suite struct JournalCommandTests {
    private let directory: JournalDirectory

    init() throws {
        directory = try JournalDirectory()
    }

    private static func command(_ change: (inout InputOptions) -> Void) -> JournalCommand {
        var input = InputOptions()
        change(&input)
        return JournalCommand(input, nil)
    }

    private static func content(_ text: String) -> JournalCommand {
        JournalCommand(InputOptions(), ContentTemplate(text))
    }

    private typealias Case = (begun: JournalCommand, given: JournalCommand, words: String)

    @Test("another command is refused, and the error says why")
    func otherCommand() throws {
        let plain = JournalCommand()
        let cases: [Case] = [
            (plain, Self.command { $0.bodyType = .map }, "--body-type string, not map"),
            (Self.command { $0.delimiter = Delimiter(0) }, plain, "--delimiter '\\0', not '\\n'"),
            (plain, Self.command { $0.delimiter = Delimiter(0x2C) }, "--delimiter '\\n', not ','"),
            (plain, Self.command { $0.delimiter = Delimiter(7) }, "--delimiter '\\n', not '\\x07'"),
            (
                Self.command { $0.delimiter = Delimiter([13, 10]) ?? .newline }, plain,
                "--delimiter '\\r\\n', not '\\n'"
            ),
            (
                Self.content("a"), Self.content("b"),
                "another text of --content or --content-file, or another --content-size"
            ),
            (
                Self.content("{{sequence}}"), Self.content("{{sequence}}{{sequence}}"),
                "another text of --content or --content-file, or another --content-size"
            ),
            (
                Self.content("a{{sequence}}"), Self.content("{{sequence}}a"),
                "another text of --content or --content-file, or another --content-size"
            ),
        ]
        for (begun, given, words) in cases {
            let directory = try JournalDirectory()
            _ = try Journal(OpenedJournal(directory.request(command: begun)))
            do {
                _ = try OpenedJournal(directory.request(command: given))
                Issue.record("\(words): it was taken")
            } catch {
                #expect(
                    error.sentence == "the journal \"\(directory.path)\" was begun with \(words): "
                        + "give the same command, or another journal")
            }
            #expect(throws: Never.self) {
                try OpenedJournal(directory.request(command: begun))
            }
        }
    }

    @Test("a journal of an older program goes on, and has its command from then on")
    func olderProgram() throws {
        let old = JournalHeader(
            nonce: 7, input: .counted, addresses: ["link1.queue"], runID: "run", command: nil)
        #expect(old.bytes[15] == 3)
        var (bytes, scratch): ([UInt8], [UInt8]) = (old.bytes, [])
        for record in [.runBegan, .numbered(first: 1, last: 9)] as [JournalRecord] {
            JournalFrame(nonce: 7).append(
                record, at: UInt64(bytes.count), to: &bytes, scratch: &scratch)
        }
        try directory.write(bytes)
        let command = Self.content("a")
        do {
            let journal = try Journal(OpenedJournal(directory.request(command: command)))
            #expect(journal.state.lastSequence == 9)
        }
        #expect(try replay(directory.bytes).header.command == command)
        #expect(throws: JournalError.otherCommand(path: directory.path, .content)) {
            try OpenedJournal(directory.request(command: Self.content("b")))
        }
        #expect(
            try Journal(OpenedJournal(directory.request(command: command))).state.lastSequence == 9)
    }

    @Test(
        "a journal of version 6 is rewritten before a message with an address of its own is added")
    func oldJSONPipe() throws {
        var sample = JournalSample(input: .jsonPipe)
        // Version 7 differs in the records alone.
        sample.becomeVersion(6)
        sample.append(.runBegan)
        sample.append(.payload(sequence: 1, bytes: Array("\0Sw".utf8) + [0x40]))
        try directory.write(sample.bytes)
        do {
            let journal = try directory.open(.jsonPipe)
            #expect(try directory.bytes[15] == 7)
            #expect(
                journal.admit([.payload(sequence: 2, bytes: [0, 0x53, 0x77, 0x40], address: "q")]))
        }
        let read = try replay(directory.bytes)
        #expect(read.version == 7 && read.state.payloads.map(\.1.address) == [nil, "q"])
    }

    @Test("a journal of version 6 that can't be rewritten is not used")
    func oldJournalThatStays() throws {
        var sample = JournalSample(input: .jsonPipe)
        sample.becomeVersion(6)
        try directory.write(sample.bytes)
        var opened = try OpenedJournal(directory.request(input: .jsonPipe))
        // Its folder is gone.
        opened.path = "/no/such/journal"
        #expect(
            throws: JournalError.notBegun(path: opened.path, SystemError(number: ENOENT))
        ) {
            try Journal(opened)
        }
    }
}
