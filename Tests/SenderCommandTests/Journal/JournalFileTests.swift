// The journal as a file: opening, locking, repairing, rewriting, and a disk that refuses.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinkRecovery
import Synchronization
import TestSupport
import Testing

@testable import SenderCommand

/// The folder of a journal.
final class JournalDirectory {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    var url: URL { folder.url }
    var path: String { folder.file("file").path }

    func request(
        address: String = "link1.queue", input: JournalInput = .counted,
        command: JournalCommand = JournalCommand(), runID: String? = nil
    ) -> OpenedJournal.Request {
        OpenedJournal.Request(
            path: path, addresses: [address], input: input, command: command, runID: runID)
    }

    func open(
        _ input: JournalInput = .counted, rewriteSizeMin: UInt64 = 8 << 20,
        on disk: PatientDisk? = nil
    ) throws -> Journal {
        let opened = try OpenedJournal(request(input: input))
        guard let disk else { return try Journal(opened, rewriteSizeMin: rewriteSizeMin) }
        return try Journal(opened, rewriteSizeMin: rewriteSizeMin) {
            file throws(SystemError) in try disk.flush(file)
        }
    }

    var bytes: [UInt8] {
        get throws { try Array(Data(contentsOf: URL(filePath: path))) }
    }

    func write(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path))
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
    }
}

/// Puts a device that is always full in the place of the journal's file.
///
/// The journal's disk has to skip flushes: one under way would find the device.
func withFullDisk(_ journal: Journal, _ body: () throws -> Void) throws {
    let file = dup(journal.file.descriptor)
    let full = open("/dev/full", O_RDWR)
    try #require(file >= 0 && full >= 0)
    dup2(full, journal.file.descriptor)
    defer {
        dup2(file, journal.file.descriptor)
        close(file)
        close(full)
    }
    try body()
}

@Suite(.endsIfItHangs) struct JournalFileTests {
    private let directory: JournalDirectory

    init() throws {
        directory = try JournalDirectory()
    }

    /// Replays the journal on the disk, without its lock.
    private func replayed() throws -> JournalReplay {
        try replay(directory.bytes)
    }

    @Test("a new journal is created as a whole")
    func newJournal() throws {
        let journal = try Journal(OpenedJournal(directory.request(runID: "mine")))
        #expect(journal.resumption == nil)
        #expect(journal.runID == "mine")
        #expect(try directory.names == ["file"])
        let header = try replayed().header
        #expect((header.addresses, header.runID) == (["link1.queue"], "mine"))
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("what was admitted and settled is read again")
    func readAgain() throws {
        var journal: Journal? = try directory.open()
        let runID = journal?.runID
        #expect(journal?.admit([.numbered(first: 1, last: 10)]) == true)
        for sequence in 1...4 as ClosedRange<UInt64> { journal?.settle([sequence], as: .accepted) }
        journal?.settle([6], as: .rejected)
        journal?.settle([5], as: .givenUp)
        // A kill: nothing more is written.
        #expect(try replayed().state.addresses[0].finals.count == 0)
        #expect(try replayed().state.lastSequence == 10)
        journal?.endTurn()
        #expect(try replayed().state.addresses[0].finals.count == 6)
        journal = nil

        journal = try directory.open()
        #expect(journal?.runID == runID)
        let resumption = try #require(journal?.resumption)
        #expect((resumption.accepted, resumption.rejected, resumption.givenUp) == (4, 1, 1))
        #expect(resumption.inDoubt == 4)
        #expect(
            resumption.sentence(missing: 14)
                == "resuming: of the messages so far 4 were accepted, 1 rejected, 1 given up; "
                + "14 to send; up to 4 of them may arrive a second time")
    }

    @Test("a message that was sent settled is not sent again")
    func preSettled() throws {
        var journal: Journal? = try directory.open()
        #expect(journal?.admit([.numbered(first: 1, last: 10)]) == true)
        for sequence in 1...7 as ClosedRange<UInt64> {
            journal?.settle([sequence], as: .unconfirmed)
        }
        journal?.close(untakenFrom: [8])
        journal = nil

        let resumption = try #require(try directory.open().resumption)
        #expect(resumption.unconfirmed == 7)
        #expect(
            resumption.sentence(missing: 3)
                == "resuming: of the messages so far 0 were accepted, 7 sent unconfirmed; 3 to send"
        )
    }

    @Test("after a close in order, messages that were not taken are not in doubt")
    func orderlyClose() throws {
        var journal: Journal? = try directory.open()
        #expect(journal?.admit([.numbered(first: 1, last: 256)]) == true)
        journal?.settle([1], as: .accepted)
        journal?.close(untakenFrom: [4])
        #expect(journal?.failure == nil)
        journal = nil
        // A mark is the last word.
        var bytes = try directory.bytes
        bytes[bytes.count - 20] ^= 1
        #expect(throws: JournalDamage.self) { try replay(bytes) }
        #expect(try directory.open().resumption?.inDoubt == 2)
    }

    @Test("a second process is kept out")
    func lock() throws {
        let first = try directory.open()
        #expect(throws: JournalError.locked(path: directory.path)) {
            try OpenedJournal(directory.request())
        }
        first.close(untakenFrom: [1])
        #expect(throws: JournalError.locked(path: directory.path)) {
            try OpenedJournal(directory.request())
        }
    }

    @Test("another address, run ID or input is an error")
    func otherRun() throws {
        _ = try Journal(OpenedJournal(directory.request(runID: "a")))
        let path = directory.path
        #expect(
            throws: JournalError.otherAddresses(path: path, journal: ["link1.queue"], given: ["x"])
        ) {
            try OpenedJournal(directory.request(address: "x"))
        }
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let other = try JournalDirectory()
        _ = try Journal(OpenedJournal(other.request(address: composed)))
        #expect(throws: JournalError.self) { try OpenedJournal(other.request(address: decomposed)) }
        #expect(throws: JournalError.otherRunID(path: path, journal: "a", given: "b")) {
            try OpenedJournal(directory.request(runID: "b"))
        }
        #expect(throws: JournalError.otherInput(path: path, journal: .counted, given: .pipe)) {
            try OpenedJournal(directory.request(input: .pipe))
        }
        #expect(try OpenedJournal(directory.request(runID: "a")).header.runID == "a")
    }

    @Test("a file that is no journal is left as it is")
    func noJournal() throws {
        let text = Array("precious\n".utf8)
        try directory.write(text)
        #expect(throws: JournalError.damaged(path: directory.path, .notAJournal)) {
            try OpenedJournal(directory.request())
        }
        #expect(try directory.bytes == text)
        for path in ["/dev/null", "/proc/self/status/x", "/nonexistent/file", "/tmp"] {
            var request = directory.request()
            request.path = path
            do throws(JournalError) {
                _ = try OpenedJournal(request)
                Issue.record("\(path) was taken for a journal")
            } catch {
                #expect(error.sentence.contains(path))
            }
        }
    }

    @Test("a torn tail is cut off, and the journal goes on")
    func tornTail() throws {
        var sample = JournalSample.counted
        sample.append(.payload(sequence: 513, bytes: [UInt8](repeating: 5, count: 100)))
        try directory.write(sample.bytes.dropLast(3))
        let journal = try directory.open()
        let whole = sample.ends[sample.ends.count - 2]
        #expect(journal.resumption?.droppedByteCount == UInt64(sample.bytes.count - 3 - whole))
        // Nothing of it is left behind the first record of this run, which is shorter.
        #expect(try replayed().end == UInt64(directory.bytes.count))
        #expect(journal.admit([.numbered(first: 513, last: 514)]))
        #expect(try replayed().state.lastSequence == 514)
    }

    @Test("a damaged journal is left as it is")
    func damaged() throws {
        var sample = JournalSample.counted
        sample.mark()
        var bytes = sample.bytes
        bytes[sample.ends[3] + 7] ^= 4
        try directory.write(bytes)
        let damage = JournalDamage.record(at: UInt64(sample.ends[3]))
        #expect(throws: JournalError.damaged(path: directory.path, damage)) {
            try OpenedJournal(directory.request())
        }
        #expect(try directory.bytes == bytes)
    }

    @Test("a journal that has grown is rewritten")
    func rewritten() throws {
        let journal = try directory.open(.pipe, rewriteSizeMin: 20_000)
        var sizeMax = 0
        for sequence in 1...500 as ClosedRange<UInt64> {
            let payload = [UInt8](repeating: UInt8(sequence % 256), count: 1000)
            #expect(journal.admit([.payload(sequence: sequence, bytes: payload)]))
            if sequence != 7 { journal.settle([sequence], as: .accepted) }
            journal.endTurn()
            try journal.wait { !journal.isHeld }
            sizeMax = max(sizeMax, try directory.bytes.count)
        }
        #expect(journal.failure == nil)
        #expect(sizeMax < 25_000)
        #expect(try directory.names == ["file"])
        #expect(try replayed().state == journal.state)
        #expect(journal.state.contents == [7: .payload([UInt8](repeating: 7, count: 1000))])
        // It is still ours.
        #expect(throws: JournalError.locked(path: directory.path)) {
            try OpenedJournal(directory.request(input: .pipe))
        }
    }

    @Test("a journal that is a symbolic link stays one")
    func symbolicLink() throws {
        let target = directory.url.appending(path: "target").path
        try FileManager.default.createSymbolicLink(
            atPath: directory.path, withDestinationPath: target)
        _ = try directory.open()
        #expect(try directory.names == ["file", "target"])
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: directory.path) == target)
        #expect(try directory.open().resumption != nil)
    }

    @Test("a full disk stops the taking, and nothing that was written is lost")
    func fullDisk() throws {
        let disk = try PatientDisk()
        disk.skipFlushes()
        let journal = try directory.open(.pipe, on: disk)
        var failureCount = 0
        journal.onFailure = { failureCount += 1 }
        #expect(journal.admit([.payload(sequence: 1, bytes: [1, 2, 3])]))
        journal.endTurn()
        let payload = [UInt8](repeating: 9, count: 100)
        try withFullDisk(journal) {
            #expect(!journal.admit([.payload(sequence: 2, bytes: payload)]))
            #expect(
                journal.failure == .notWritten(path: directory.path, SystemError(number: ENOSPC)))
            #expect(failureCount == 1)
            #expect(!journal.admit([.payload(sequence: 3, bytes: payload)]))
            journal.settle([1], as: .accepted)
            journal.endTurn()
            let contents = try replayed().state.contents
            #expect(contents == [1: .payload([1, 2, 3])])
        }
        // There is room again: what became final meanwhile is not forgotten, nor the message.
        journal.close(untakenFrom: [2])
        #expect(journal.failure != nil)
        #expect(failureCount == 1)
        #expect(try replayed().state.addresses[0].finals.accepted == 1)
        #expect(try replayed().state.contents == [2: .payload(payload)])
    }

    @Test("a flush that fails stops the taking")
    func failedFlush() throws {
        let disk = try PatientDisk()
        let journal = try directory.open(on: disk)
        #expect(journal.admit([.numbered(first: 1, last: 10)]))
        try journal.waitUntilDurable(10)
        disk.refuse()
        journal.settle([1], as: .accepted)
        // Nothing waits for that flush, and the loop is woken all the same.
        var turns: UInt64 = 1
        try journal.wait {
            turns += 1
            journal.settle([turns], as: .accepted)
            journal.endTurn()
            return journal.failure != nil
        }
        #expect(journal.failure == .notFlushed(path: directory.path, SystemError(number: EIO)))
        #expect(!journal.admit([.numbered(first: 11, last: 20)]))
        #expect(try replayed().state.addresses[0].finals.accepted == turns)
    }

    @Test("a message that can't be read again is on the disk before it is sent")
    func onDiskFirst() throws {
        let journal = try directory.open(.pipe)
        let payload = [UInt8](repeating: 9, count: 100)
        #expect(journal.admit([.payload(sequence: 1, bytes: payload)]))
        try journal.waitUntilDurable(1)
        journal.endTurn()
        // A mark behind it says so.
        var bytes = try directory.bytes
        bytes[bytes.count - 50] ^= 1
        #expect(throws: JournalDamage.self) { try replay(bytes) }
    }

    @Test("written records are marked as flushed")
    func flushMarks() throws {
        let journal = try directory.open()
        #expect(journal.admit([.numbered(first: 1, last: 1000)]))
        try journal.waitUntilDurable(1000)
        journal.settle([1], as: .accepted)
        journal.endTurn()
        // A change to what was marked as flushed is damage.
        var bytes = try directory.bytes
        bytes[60] ^= 1
        #expect(throws: JournalDamage.self) { try replay(bytes) }
    }

    @Test("every error is a sentence that names the file")
    func errors() {
        let path = "/some/file"
        let errors: [JournalError] = [
            .notOpened(path: path, SystemError(number: EROFS)), .notRegular(path: path),
            .locked(path: path), .notLocked(path: path, SystemError(number: ENOLCK)),
            .notRead(path: path, SystemError(number: EIO)),
            .damaged(path: path, .notAJournal), .damaged(path: path, .newerVersion(9)),
            .damaged(path: path, .header), .damaged(path: path, .record(at: 77)),
            .damaged(path: path, .contradiction(at: 77)), .damaged(path: path, .noMessage(77)),
            .otherAddresses(path: path, journal: ["a"], given: ["b\n"]),
            .otherRunID(path: path, journal: "a", given: "b"),
            .otherInput(path: path, journal: .counted, given: .regularFile),
            .notBegun(path: path, SystemError(number: ENOSPC)),
            .notWritten(path: path, SystemError(number: ENOSPC)),
            .notFlushed(path: path, SystemError(number: EIO)),
        ]
        for error in errors {
            #expect(error.sentence.contains("\"/some/file\""))
            #expect(!error.sentence.contains("\n"))
        }
        #expect(Set(errors.map(\.sentence)).count == errors.count)
    }
}
