// Append-only journal: survives a crash and records which messages may have been sent and which
// are final.
// SPDX-License-Identifier: Apache-2.0

/// An append-only file of records, and the state that they add up to.
///
/// A message is flushed to the disk before it may be sent. Final states are written once a turn:
/// from then on they survive the process, and a power cut after the flush that follows within
/// ``Flusher/interval``. The loop never waits for the disk: a thread flushes, and rewrites a
/// journal that has grown large.
///
/// - Isolation: the container's loop.
final class Journal {
    /// The account of earlier runs; nil for a new journal.
    let resumption: Resumption?
    /// The state after all records.
    ///
    /// The newest final messages may be missing before the end of a turn.
    private(set) var state: JournalState
    /// By address, the messages up to this one are on the disk.
    private var durable: [UInt64]
    /// By address, the messages up to this one are in the file.
    private var written: [UInt64]
    /// The error after which no message may be taken.
    private(set) var failure: JournalError?
    /// Called once, on the first failure.
    var onFailure: (() -> Void)?
    /// Returns the pipe whose line has been read in part; nil for none.
    var openLine: (() -> PipeIdentity?)?

    /// A smaller file is not rewritten.
    private let rewriteSizeMin: UInt64
    let path: String
    private var header: JournalHeader
    private let flusher: Flusher
    private let flush: Flusher.Flush
    private var tail: JournalTail
    /// By address, the newest messages written, durable once the file is flushed up to `end`.
    private var awaited: (sequences: [UInt64], end: UInt64)?
    /// File offsets at which the newest messages end, until they are written.
    private var unwritten: [(sequences: [UInt64], end: UInt64)] = []
    private var rewrite: JournalRewrite?
    private var rewriteSize: UInt64
    /// By address, the newest run of final messages, which the next message may extend.
    private var openRuns: [FinalRun?]
    /// The address of the last record about one; nil before the first in a file.
    private var notedAddress: Int?
    private var isFlusherEnded = false
    private var isClosed = false

    /// Continues an opened journal.
    init(
        _ opened: OpenedJournal, rewriteSizeMin: UInt64 = 8 << 20,
        flush: @escaping Flusher.Flush = { file throws(SystemError) in
            try file.flushData()
        }
    ) throws(JournalError) {
        resumption = opened.isNew ? nil : Resumption(opened)
        state = opened.state
        durable = state.lastSequences
        written = durable
        openRuns = durable.map { _ in nil }
        path = opened.path
        header = opened.header
        tail = JournalTail(opened.file, nonce: opened.header.nonce, size: opened.size)
        self.rewriteSizeMin = rewriteSizeMin
        rewriteSize = rewriteSizeMin
        self.flush = flush
        do throws(SystemError) {
            flusher = try Flusher(flush: flush)
        } catch {
            throw .notBegun(path: opened.path, error)
        }
        // Flushed before anything is sent: messages that no earlier run sent may be sent from now on.
        note(.runBegan)
        writeOut()
        flushNow()
        if opened.isOld { rewriteNow() }
        if let failure { throw failure }
    }

    deinit {
        // A rewrite under way renames and locks another file.
        if rewrite == nil { flusher.close() } else { flusher.finish() }
        // A flush under way keeps the file open.
        tail.file.unlock()
    }

    /// The run id of the duplicate ids: as given, as in the journal, or random in a new one.
    var runID: String { header.runID }

    /// Changes when the journal is rewritten.
    var file: OpenFile { tail.file }

    /// The number of messages from 1 to `count` that are not final.
    func missingCount(of count: UInt64, for address: Int = 0) -> UInt64 {
        count - state.addresses[address].finals.count(through: count)
    }

    /// Sets the callback, on another thread, for changes of ``isDurable(_:)`` and ``isHeld``.
    func onProgress(_ body: @escaping @Sendable () -> Void) {
        flusher.onProgress(body)
    }

    /// Records messages to be sent, those of an input for all addresses; they may be sent once
    /// durable.
    ///
    /// - Returns: Whether they were recorded.
    func admit(_ records: [JournalRecord], for address: Int = 0) -> Bool {
        guard failure == nil, !isHeld else { return false }
        for record in records {
            note(record, of: address)
            unwritten.append((state.lastSequences, tail.end))
        }
        writeOut()
        return failure == nil
    }

    /// Whether a recorded message is on the disk, and so may be sent.
    func isDurable(_ sequence: UInt64, for address: Int = 0) -> Bool {
        if sequence > durable[address] { lookAtDisk() }
        return sequence <= durable[address]
    }

    /// The newest message that is durable, as of the last look.
    func durableSequence(for address: Int) -> UInt64 { durable[address] }

    /// The newest message in the file.
    func writtenSequence(for address: Int = 0) -> UInt64 { written[address] }

    /// Whether writing is suspended while the file is rewritten.
    var isHeld: Bool {
        if rewrite != nil { takeRewritten() }
        return rewrite != nil
    }

    /// Records the input's fingerprint, before anything of it is sent.
    func begin(_ fingerprint: InputFingerprint) throws(JournalError) {
        note(.inputFingerprint(fingerprint))
        writeOut()
        if let failure { throw failure }
    }

    /// Records that the input holds no message from the last one to this offset.
    func pass(through offset: UInt64) {
        if offset > state.inputOffset, failure == nil { note(.passed(through: offset)) }
    }

    /// Records final messages.
    func settle(_ sequences: [UInt64], as final: FinalState, for address: Int = 0) {
        guard let first = sequences.first else { return }
        var run = FinalRun(state: final, first: first, last: first)
        var rest = sequences.dropFirst()
        if let open = openRuns[address] {
            if open.state == final, open.last + 1 == first {
                run.first = open.first
            } else {
                noteOpenRun(of: address)
            }
        }
        while let sequence = rest.popFirst() {
            if sequence == run.last + 1 {
                run.last = sequence
            } else {
                note(.settled(run), of: address)
                run.first = sequence
                run.last = sequence
            }
        }
        openRuns[address] = run
    }

    /// Writes the records of this turn.
    func endTurn() {
        writeOut()
        rewriteIfLarge()
    }

    /// Waits for the flusher's work and ends its thread.
    func endFlusher() {
        guard !isFlusherEnded else { return }
        isFlusherEnded = true
        flusher.finish()
        writeOut()
    }

    /// Writes and flushes everything; by address, no message from `untaken` on was sent.
    func close(untakenFrom untaken: [UInt64]) {
        guard !isClosed else { return }
        isClosed = true
        endFlusher()
        noteOpenRuns()
        for (address, untaken) in untaken.enumerated()
        where untaken <= state.addresses[address].lastSequence {
            note(.untaken(from: untaken), of: address)
        }
        writeOut()
        flushNow()
    }

    // MARK: Writing

    /// Notes a record about one address.
    private func note(_ record: JournalRecord, of address: Int) {
        if openRuns.count > 1, notedAddress != address {
            notedAddress = address
            note(.address(UInt64(address)))
        }
        note(record)
    }

    private func note(_ record: JournalRecord) {
        let isConsistent = state.apply(record)
        precondition(isConsistent, "the journal would contradict itself")
        if rewrite == nil { tail.append(record) } else { rewrite?.records.append(record) }
    }

    private func noteOpenRun(of address: Int) {
        guard let run = openRuns[address] else { return }
        openRuns[address] = nil
        note(.settled(run), of: address)
    }

    private func noteOpenRuns() {
        for address in openRuns.indices { noteOpenRun(of: address) }
    }

    /// Records a line read in part: the next run on the same pipe finds its rest.
    private func noteOpenLine() {
        guard let openLine else { return }
        let pipe = openLine()
        if pipe != state.openLine { note(.openLine(pipe)) }
    }

    /// Writes all records, unless the file is being rewritten.
    ///
    /// After a failure it retries every turn: final states survive if the disk has room again. The
    /// backlog is bounded by the window, as nothing new is taken.
    func writeOut() {
        guard !isHeld else { return }
        noteOpenRuns()
        noteOpenLine()
        guard !tail.isWritten else { return }
        lookAtDisk()
        write()
        guard tail.isWritten else { return }
        let isNew = hasNewMessages
        if isNew { awaited = (state.lastSequences, tail.writtenEnd) }
        flusher.want(tail.file, through: tail.writtenEnd, isUrgent: isNew)
    }

    /// Whether there are messages that no flush was asked for.
    private var hasNewMessages: Bool {
        let wanted = awaited?.sequences ?? durable
        return state.addresses.indices.contains { state.addresses[$0].lastSequence > wanted[$0] }
    }

    private func write() {
        do throws(SystemError) {
            try tail.write()
        } catch {
            fail(.notWritten(path: path, error))
        }
        let count = unwritten.prefix { $0.end <= tail.writtenEnd }.count
        guard count > 0 else { return }
        written = unwritten[count - 1].sequences
        unwritten.removeFirst(count)
    }

    /// Fetches how much of the file is flushed, and records it.
    private func lookAtDisk() {
        do throws(SystemError) {
            flushed(through: try flusher.progress(of: tail.file))
        } catch {
            fail(.notFlushed(path: path, error))
        }
    }

    private func flushed(through end: UInt64) {
        if rewrite == nil { tail.mark(through: end) }
        guard let awaited, awaited.end <= end else { return }
        durable = awaited.sequences
        self.awaited = nil
    }

    /// Flushes synchronously, and records that.
    private func flushNow() {
        // After a failed write or flush, a later flush proves nothing.
        guard failure == nil else { return }
        // The system reports a failed flush only once, perhaps to the other thread.
        lookAtDisk()
        guard failure == nil else { return }
        do throws(SystemError) {
            try flush(tail.file)
        } catch {
            return fail(.notFlushed(path: path, error))
        }
        durable = state.lastSequences
        written = durable
        awaited = nil
        tail.mark(through: tail.writtenEnd)
        write()
    }

    private func fail(_ error: JournalError) {
        guard failure == nil else { return }
        failure = error
        onFailure?()
    }

    // MARK: Rewriting

    /// Starts a rewrite of a large journal on the flusher's thread.
    private func rewriteIfLarge() {
        guard tail.writtenEnd >= rewriteSize, rewrite == nil, failure == nil, tail.isWritten,
            !isFlusherEnded, let mode = try? tail.file.permissions
        else { return }
        let rewrite = beginRewrite()
        flusher.replace(.init(path: path, contents: rewrite.contents, mode: mode))
    }

    private func beginRewrite() -> JournalRewrite {
        let rewrite = JournalRewrite(header, state)
        self.rewrite = rewrite
        // Notes from now on go into one file or the other.
        notedAddress = nil
        return rewrite
    }

    /// Switches to the new file once it is in place.
    private func takeRewritten() {
        guard let replaced = flusher.takeReplaced() else { return }
        goOn(replaced)
    }

    /// Rewrites synchronously, before the run.
    private func rewriteNow() {
        guard failure == nil, tail.isWritten, let mode = try? tail.file.permissions else { return }
        let rewrite = beginRewrite()
        do throws(SystemError) {
            let file = try OpenFile.replace(path, with: rewrite.contents, mode: mode)
            var failure: SystemError?
            do throws(SystemError) {
                try OpenFile.flushDirectory(of: path)
            } catch {
                failure = error
            }
            goOn(.by(file, directory: failure))
        } catch {
            goOn(.failed)
            // An older program would take what this run adds for a torn tail.
            if header.input == .jsonPipe { fail(.notBegun(path: path, error)) }
        }
    }

    private func goOn(_ replaced: Flusher.Replaced) {
        guard let rewrite else { return }
        self.rewrite = nil
        switch replaced {
        case .failed:
            // The old file stays in use.
            rewriteSize = tail.writtenEnd * 2
        case .by(let file, let directoryFailure):
            header = rewrite.header
            tail = rewrite.tail(file)
            rewriteSize = max(rewriteSizeMin, tail.writtenEnd * 4)
            awaited = nil
            // A power cut could restore the old file, without the records to come.
            if let directoryFailure { fail(.notFlushed(path: path, directoryFailure)) }
            if failure == nil { durable = rewrite.lastSequences }
        }
        for record in rewrite.records {
            tail.append(record)
        }
    }
}
