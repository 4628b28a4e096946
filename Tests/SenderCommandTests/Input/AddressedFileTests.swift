// A file whose lines name their addresses, when the run ends before its end.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ReliableSender
import TestSupport
import Testing

@testable import SenderCommand

@Suite(.endsIfItHangs) struct AddressedFileTests {
    /// The first line has 19 bytes.
    private func file(_ addresses: [String?]) throws -> FileHandle {
        try unlinkedFile(
            addresses.map { $0.map { #"{"address":"\#($0)"   }"# } ?? #"{"body":"0123456"}"# }
                .map { $0 + "\n" }.joined())
    }

    /// Takes as many messages for the run's own address as there are, and none for another, and ends.
    private func takeOwn(
        _ count: Int, of file: FileHandle, journal: Journal? = nil
    ) throws -> InputEnd {
        guard
            case .run(var options) = try parseArguments(
                ["-a", "amqp://h/own", "--json"], environment: .none)
        else { throw CocoaError(.featureUnsupported) }
        options.destinations.onDemand = OnDemandSenders(options)
        let input = try RunInput(
            options, content: nil,
            standardInput: StandardInput(descriptor: file.fileDescriptor), journal: journal,
            duplicateID: nil)
        let wakePipe = try WakePipe()
        journal?.onProgress { wakePipe.wake() }
        try input.start { wakePipe.wake() }
        let own = input.sources[0]
        var taken = 0
        while taken < count {
            while own.next == nil { wakePipe.wait() }
            own.take()
            taken += 1
        }
        // All that is behind waits.
        while own.next != nil || !own.isAtEnd && input.supply?.nextRoute(for: SenderID(1)) == nil {
            wakePipe.wait()
        }
        return input.finish()
    }

    @Test("it is left at the first message that waits, with a word about those behind it")
    func leftAtWaiting() throws {
        let file = try file([nil, "a", nil, "a", nil])
        let end = try takeOwn(3, of: file)
        #expect(try file.offset() == 19)
        #expect(end.notTakenCount == 2 && end.repeatedCount == 2)
        #expect(
            end.sentences == [
                "standard input was left at the first message that was not taken: the next run that reads "
                    + "on there sends 2 messages behind it again"
            ])
    }

    @Test("it is left behind all messages when none waits")
    func leftBehindTaken() throws {
        let file = try file([nil, nil, "own"])
        #expect(try takeOwn(3, of: file).sentences == [])
        #expect(try file.offset() == file.seekToEnd())
    }

    @Test("what only waits is not in doubt in the next run with the journal")
    func journal() throws {
        let directory = try JournalDirectory()
        do {
            let journal = try directory.open(.jsonFile)
            let end = try takeOwn(2, of: file([nil, "a", nil, "a", "a"]), journal: journal)
            #expect(end.notTakenCount == 3 && end.repeatedCount == 0)
        }
        let resumption = try #require(try directory.open(.jsonFile).resumption)
        #expect(resumption.open == 5 && resumption.inDoubt == 3)
    }
}
