// The effects of a slow disk.
// SPDX-License-Identifier: Apache-2.0

import AMQP
import Glibc
import ReliableSender
import Testing

@testable import LinkRecovery
@testable import SenderCommand

/// The disk of these tests does nothing before it is told to: whatever waited for it would never
/// return.
@Suite(.endsIfItHangs) struct SlowDiskTests {
    private let directory: JournalDirectory
    private let disk: PatientDisk

    init() throws {
        directory = try JournalDirectory()
        disk = try PatientDisk()
    }

    private func message(_ sequence: UInt64) -> EncodedMessage {
        EncodedMessage(
            sequence: sequence, encoded: [7], offset: (sequence - 1) * 2,
            byteCount: 2)
    }

    private func sources(_ input: JournalInput) throws -> any ResumableSource {
        guard input != .counted else { return try CountedMessages(count: 3, prototype: Message()) }
        let queue = try InputQueue()
        for sequence in 1...3 as ClosedRange<UInt64> { queue.push([message(sequence)]) }
        queue.end(InputEnd())
        return StandardInputSource(queue, isRegularFile: input == .regularFile)
    }

    private static let inputs: [JournalInput] = [.counted, .regularFile, .pipe]

    @Test(
        "a message is offered when it is on the disk, and nothing waits for that",
        arguments: inputs)
    func offeredWhenDurable(input: JournalInput) throws {
        let journal = try directory.open(input, on: disk)
        disk.waitForFirst()
        let source = JournaledSource(try sources(input), journal: journal)
        disk.becomeSlow()
        defer { disk.becomeFast() }
        for _ in 1...3 {
            #expect(source.next == nil && source.isDelayed && !source.isAtEnd)
            journal.endTurn()
        }
        disk.waitForFlush(1)
        #expect(source.next == nil)
        disk.finishOne()
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(try source.takeNext(journal)?.sequence == sequence)
        }
        #expect(source.isAtEnd && !source.isDelayed)
        #expect(disk.begun == 1)
    }

    @Test(
        "what was not offered is delayed, even if the disk is done before that is asked",
        arguments: inputs)
    func doneBetween(input: JournalInput) throws {
        let journal = try directory.open(input, on: disk)
        disk.waitForFirst()
        let source = JournaledSource(try sources(input), journal: journal)
        disk.becomeSlow()
        defer { disk.becomeFast() }
        #expect(source.next == nil)
        disk.finishOne()
        try journal.waitUntilDurable(3)
        #expect(source.isDelayed)
        #expect(source.availableCount == 3 && !source.isDelayed)
    }

    @Test("lines that come meanwhile go with one flush, and the turn does not ask for them again")
    func linesMeanwhile() throws {
        let journal = try directory.open(.pipe, on: disk)
        disk.waitForFirst()
        let queue = try InputQueue()
        let source = JournaledSource(
            StandardInputSource(queue, isRegularFile: false), journal: journal)
        disk.becomeSlow()
        defer { disk.becomeFast() }
        queue.push([message(1)])
        #expect(source.next == nil)
        disk.waitForFlush(1)
        for sequence in 2...100 as ClosedRange<UInt64> { queue.push([message(sequence)]) }
        disk.finishOne()
        #expect(try source.takeNext(journal)?.sequence == 1)
        for _ in 1...3 { #expect(source.next == nil && source.isDelayed) }
        disk.waitForFlush(2)
        disk.finishOne()
        for sequence in 2...100 as ClosedRange<UInt64> {
            #expect(try source.takeNext(journal)?.sequence == sequence)
        }
        #expect(disk.begun == 2)
        #expect(source.next == nil && !source.isDelayed)
    }

    @Test("what becomes final meanwhile does not put off what waits for the disk")
    func finalsDoNotPutOff() throws {
        let journal = try directory.open(on: disk)
        #expect(journal.admit([.numbered(first: 1, last: 10)]))
        try journal.waitUntilDurable(10)
        disk.becomeSlow()
        defer { disk.becomeFast() }
        #expect(journal.admit([.numbered(first: 11, last: 20)]))
        disk.waitForFlush(1)
        for sequence in 1...10 as ClosedRange<UInt64> {
            journal.settle([sequence], as: .accepted)
            journal.endTurn()
            #expect(!journal.isDurable(11))
            #expect(try replay(directory.bytes).state.addresses[0].finals.accepted == sequence)
        }
        disk.finishOne()
        try journal.waitUntilDurable(20)
    }

    @Test("a journal is rewritten beside the loop, and nothing is told before it is noted")
    func rewritten() throws {
        let journal = try directory.open(.pipe, rewriteSizeMin: 2000, on: disk)
        let recorder = NotedReports()
        let observer = JournalingObserver(recorder, journal: journal)
        let payload = [UInt8](repeating: 7, count: 1000)
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(journal.admit([.payload(sequence: sequence, bytes: payload)]))
        }
        try journal.waitUntilDurable(3)
        disk.becomeSlow()
        defer { disk.becomeFast() }
        func accept(_ sequence: UInt64) {
            observer.observe(
                .outcome(
                    OutcomeReport(
                        sequences: [sequence], kind: .final(.accepted), accepted: 0, rejected: 0,
                        released: 0))
            )
            observer.willIdle()
        }
        accept(1)
        #expect(journal.isHeld)
        #expect(!observer.hasUnwrittenReports)
        accept(2)
        #expect(recorder.all.count == 1 && observer.hasUnwrittenReports)
        #expect(!journal.admit([.payload(sequence: 4, bytes: payload)]))
        #expect(journal.failure == nil)
        // It may be flushing what was written before.
        disk.waitForFlush(1)
        disk.finishOne()
        disk.becomeFast()
        try journal.wait { !journal.isHeld }
        observer.willIdle()
        #expect(recorder.all.count == 2 && !observer.hasUnwrittenReports)
        #expect(journal.admit([.payload(sequence: 4, bytes: payload)]))
        try journal.waitUntilDurable(4)
        let state = try replay(directory.bytes).state
        #expect(state == journal.state)
        #expect(state.addresses[0].finals.accepted == 2 && state.payloads.map(\.0) == [3, 4])
        #expect(try directory.names == ["file"])
    }

    @Test("the end of a run waits for a journal that is being rewritten")
    func endWhileRewriting() throws {
        let journal = try directory.open(.pipe, rewriteSizeMin: 500, on: disk)
        #expect(journal.admit([.payload(sequence: 1, bytes: [UInt8](repeating: 7, count: 1000))]))
        try journal.waitUntilDurable(1)
        disk.becomeSlow()
        journal.endTurn()
        #expect(journal.isHeld)
        journal.settle([1], as: .accepted)
        journal.endTurn()
        disk.waitForFlush(1)
        disk.becomeFast()
        journal.close(untakenFrom: [2])
        #expect(journal.failure == nil)
        #expect(try replay(directory.bytes).state.addresses[0].finals.accepted == 1)
        #expect(try directory.names == ["file"])
    }

    @Test("a message is not final before its line is on the disk, and nothing waits for that")
    func rejectedFile() throws {
        let journal = try directory.open()
        let file = try RejectedFile(directory.path + ".rejected")
        let wakePipe = try WakePipe()
        let disk = disk
        try file.beginFlushing(
            wake: { wakePipe.wake() }, flush: { file throws(SystemError) in try disk.flush(file) })
        let observer = JournalingObserver(NotedReports(), journal: journal, rejectedFile: file)
        #expect(journal.admit([.numbered(first: 1, last: 3)]))
        disk.becomeSlow()
        func reject(_ sequence: UInt64) {
            file.append(Array("\(sequence)\n".utf8))
            observer.observe(
                .outcome(
                    OutcomeReport(
                        sequences: [sequence], kind: .final(.rejected(.none)), accepted: 0,
                        rejected: 0,
                        released: 0)))
            observer.willIdle()
        }
        reject(1)
        disk.waitForFlush(1)
        reject(2)
        #expect(journal.state.addresses[0].finals.rejected == 0)
        disk.finishOne()
        wakePipe.wait()
        observer.willIdle()
        #expect(journal.state.addresses[0].finals.rejected == 1)
        disk.waitForFlush(2)
        reject(3)
        disk.becomeFast()
        // The end of a run waits.
        file.endFlushing()
        observer.willIdle()
        #expect(journal.state.addresses[0].finals.rejected == 3)
    }

    @Test("a disk that refuses what waits for it ends the taking")
    func refusingDisk() throws {
        let journal = try directory.open(on: disk)
        disk.waitForFirst()
        let source = JournaledSource(
            try CountedMessages(count: 1000, prototype: Message()), journal: journal)
        var failureCount = 0
        journal.onFailure = { failureCount += 1 }
        disk.refuse()
        #expect(journal.admit([.numbered(first: 1, last: 10)]))
        try journal.wait { journal.isDurable(10) || journal.failure != nil }
        #expect(source.next == nil && !source.isDelayed)
        #expect(journal.failure == .notFlushed(path: directory.path, SystemError(number: EIO)))
        #expect(failureCount == 1)
    }
}
