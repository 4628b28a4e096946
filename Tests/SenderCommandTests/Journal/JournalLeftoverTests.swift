// Files that a killed process left beside a journal.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SenderCommand

@Suite struct JournalLeftoverTests {
    private let directory: JournalDirectory

    init() throws {
        directory = try JournalDirectory()
    }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: directory.url.appending(path: name))
    }

    private func header(
        _ input: JournalInput = .counted, address: String = "link1.queue", runID: String = "mine"
    ) -> [UInt8] {
        JournalHeader(nonce: 7, input: input, addresses: [address], runID: runID).bytes
    }

    /// Leftovers in every state that a kill can cause.
    private func leave() throws {
        try write([], "file.rewrite-0")
        try write(header(), "file.rewrite-1f")
        try write(header() + [1, 2, 3], "file.rewrite-ffffffffffffffff")
    }

    @Test("leftovers are removed when the journal is opened")
    func removed() throws {
        _ = try Journal(OpenedJournal(directory.request(runID: "mine")))
        try leave()
        _ = try Journal(OpenedJournal(directory.request()))
        #expect(try directory.names == ["file"])
        // A process may be killed when it has made nothing of the journal but its name.
        try leave()
        try directory.write([])
        _ = try Journal(OpenedJournal(directory.request()))
        #expect(try directory.names == ["file"])
    }

    @Test("leftovers are not removed while another process has the journal")
    func locked() throws {
        let journal = try Journal(OpenedJournal(directory.request(runID: "mine")))
        try leave()
        #expect(throws: JournalError.self) { try OpenedJournal(directory.request()) }
        #expect(try directory.names.count == 4)
        journal.close(untakenFrom: [1])
    }

    @Test("files that may belong to another program stay")
    func others() throws {
        _ = try Journal(OpenedJournal(directory.request(runID: "mine")))
        try write(header(), "other.rewrite-1")
        try write(header(), "file.rewrite-")
        try write(header(), "file.rewrite-1.bak")
        try write(header(), "file.rewrite-11111111111111111")
        try write(header(), "file.rewrite-notes")
        try write(header(runID: "another"), "file.rewrite-2")
        try write(header(address: "another"), "file.rewrite-3")
        try write(header(.pipe), "file.rewrite-4")
        try write(Array("precious".utf8), "file.rewrite-5")
        try write(Array(header().dropLast()), "file.rewrite-6")
        try write(header(), "linked")
        try FileManager.default.linkItem(
            at: directory.url.appending(path: "linked"),
            to: directory.url.appending(path: "file.rewrite-7"))
        try FileManager.default.createSymbolicLink(
            at: directory.url.appending(path: "file.rewrite-8"),
            withDestinationURL: directory.url.appending(path: "linked"))
        try FileManager.default.createDirectory(
            at: directory.url.appending(path: "file.rewrite-9"), withIntermediateDirectories: false)
        try write(header(), "file.rewrite-a")
        let other = try OpenFile(directory.path + ".rewrite-a", O_RDWR)
        #expect(try other.lock())
        let names = try directory.names
        _ = try Journal(OpenedJournal(directory.request()))
        #expect(try directory.names == names)
    }
}
