// Remembers over our own death which messages may have been sent, and which are final.
// SPDX-License-Identifier: Apache-2.0

/// An append-only file of records, and their sum.
///
/// A message is on the disk before it may be sent. What becomes final is written once a turn: from
/// then on it outlives this process, and the machine's end after a flush, which follows within
/// ``Flusher/interval``. The loop never waits for the disk: a thread flushes, and rewrites a
/// journal that has grown large.
///
/// Isolation: the container's loop.
final class Journal {
    /// What an earlier run has left; nil for a new journal.
    let resumption: Resumption?
    /// The sum of what was noted.
    ///
    /// The newest final ones may be missing before the end of a turn.
    private(set) var state: JournalState
    /// The messages up to this one are on the disk.
    private(set) var durableSequence: UInt64 = 0
    /// The messages up to this one are in the file.
    private(set) var writtenSequence: UInt64 = 0
    /// Why nothing more may be taken.
    private(set) var failure: JournalError?
    /// Called once, when there is a failure.
    var onFailure: (() -> Void)?
    /// Says, of an input that is a pipe, within a line of which one the reading stands.
    var openLine: (() -> PipeIdentity?)?

    /// Growth up to this size is no reason to rewrite the file.
    private let rewriteSizeMin: UInt64
    let path: String
    private var header: JournalHeader
    private let flusher: Flusher
    private let flush: Flusher.Flush
    private var tail: JournalTail
    /// A message that is written, and durable when the file is up to there.
    private var awaited: (sequence: UInt64, end: UInt64)?
    /// Where the newest messages end in the file, as far as they are not known to be written.
    private var unwritten: [(sequence: UInt64, end: UInt64)] = []
    private var rewrite: JournalRewrite?
    private var rewriteSize: UInt64
    /// The newest final messages, which may be continued by the next.
    private var openRun: FinalRun?
    private var isFlusherEnded = false
    private var isClosed = false

    /// Goes on with a journal that was opened.
    init(
        _ opened: OpenedJournal, rewriteSizeMin: UInt64 = 8 << 20,
        flush: @escaping Flusher.Flush = { file throws(SystemError) in
            try file.flushData()
        }
    ) throws(JournalError) {
        resumption = opened.isNew ? nil : Resumption(opened)
        state = opened.state
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
        // On the disk before anything is sent: what an earlier run had not sent may be sent from now on.
        note(.runBegan)
        writeOut()
        flushNow()
        if opened.isOld { rewriteNow() }
        if let failure { throw failure }
    }

    deinit {
        // What is under way may give the name to another file, and that takes the lock.
        if rewrite == nil { flusher.close() } else { flusher.finish() }
        // A flush that is under way keeps the file open.
        tail.file.unlock()
    }

    /// Of the messages; the given one, the journal's, or for a new one a random one.
    var runID: String { header.runID }

    /// Replaced when it has grown large.
    var file: OpenFile { tail.file }

    /// How many of the messages 1 to `count` are not final.
    func missingCount(of count: UInt64) -> UInt64 {
        count - state.finals.count(through: count)
    }

    /// Calls this, on another thread, when ``isDurable(_:)`` or ``isHeld`` may have changed.
    func onProgress(_ body: @escaping @Sendable () -> Void) {
        flusher.onProgress(body)
    }

    /// Notes messages that are to be sent; they may be when they are durable.
    ///
    /// - Returns: Whether they are noted.
    func admit(_ records: [JournalRecord]) -> Bool {
        guard failure == nil, !isHeld else { return false }
        for record in records {
            note(record)
            unwritten.append((state.lastSequence, tail.end))
        }
        writeOut()
        return failure == nil
    }

    /// Whether a message that was noted is on the disk, so that it may be sent.
    func isDurable(_ sequence: UInt64) -> Bool {
        if sequence > durableSequence { lookAtDisk() }
        return sequence <= durableSequence
    }

    /// Whether nothing can be written now: the file is being rewritten.
    var isHeld: Bool {
        if rewrite != nil { takeRewritten() }
        return rewrite != nil
    }

    /// Notes by what the input is known again, before anything of it is sent.
    func begin(_ sign: InputSign) throws(JournalError) {
        note(.inputSign(sign))
        writeOut()
        if let failure { throw failure }
    }

    /// Notes that a message is final.
    func settle(_ sequence: UInt64, as final: FinalState) {
        if let run = openRun, run.state == final, run.last + 1 == sequence {
            openRun?.last = sequence
            return
        }
        noteOpenRun()
        openRun = FinalRun(state: final, first: sequence, last: sequence)
    }

    /// Writes what was noted in this turn.
    func endTurn() {
        writeOut()
        rewriteIfLarge()
    }

    /// Waits for what is under way; from now on nothing is done beside the caller.
    func endFlusher() {
        guard !isFlusherEnded else { return }
        isFlusherEnded = true
        flusher.finish()
        writeOut()
    }

    /// Writes and flushes all; nothing was sent from `untaken` on.
    func close(untakenFrom untaken: UInt64) {
        guard !isClosed else { return }
        isClosed = true
        endFlusher()
        noteOpenRun()
        if untaken <= state.lastSequence { note(.untaken(from: untaken)) }
        writeOut()
        flushNow()
    }

    // MARK: Writing

    private func note(_ record: JournalRecord) {
        let isConsistent = state.apply(record)
        precondition(isConsistent, "the journal would contradict itself")
        if rewrite == nil { tail.append(record) } else { rewrite?.records.append(record) }
    }

    private func noteOpenRun() {
        guard let run = openRun else { return }
        openRun = nil
        note(.settled(run))
    }

    /// For the next run on the same pipe, which finds the rest of that line.
    private func noteOpenLine() {
        guard let openLine else { return }
        let pipe = openLine()
        if pipe != state.openLine { note(.openLine(pipe)) }
    }

    /// Hands all that was noted to the system, unless the file is being rewritten.
    ///
    /// After a failure, too, at every turn: what becomes final is known next time if there is room
    /// again. What waits is bounded by the window then, as nothing is taken.
    func writeOut() {
        guard !isHeld else { return }
        noteOpenRun()
        noteOpenLine()
        guard !tail.isWritten else { return }
        lookAtDisk()
        write()
        guard tail.isWritten else { return }
        let last = state.lastSequence
        let isNew = last > max(durableSequence, awaited?.sequence ?? 0)
        if isNew { awaited = (last, tail.writtenEnd) }
        flusher.want(tail.file, through: tail.writtenEnd, isUrgent: isNew)
    }

    private func write() {
        do throws(SystemError) {
            try tail.write()
        } catch {
            fail(.notWritten(path: path, error))
        }
        let count = unwritten.prefix { $0.end <= tail.writtenEnd }.count
        guard count > 0 else { return }
        writtenSequence = unwritten[count - 1].sequence
        unwritten.removeFirst(count)
    }

    /// Learns how much of the file is on the disk, and notes it.
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
        durableSequence = awaited.sequence
        self.awaited = nil
    }

    /// Waits until all is on the disk, and says so in the journal.
    private func flushNow() {
        // What could not be written can't be flushed, and a flush that failed proves nothing later.
        guard failure == nil else { return }
        // The system tells of a failed flush only once, and it may have told the other thread.
        lookAtDisk()
        guard failure == nil else { return }
        do throws(SystemError) {
            try flush(tail.file)
        } catch {
            return fail(.notFlushed(path: path, error))
        }
        durableSequence = state.lastSequence
        writtenSequence = state.lastSequence
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

    /// Rewrites a journal that has grown a lot, beside the loop.
    private func rewriteIfLarge() {
        guard tail.writtenEnd >= rewriteSize, rewrite == nil, failure == nil, tail.isWritten,
            !isFlusherEnded, let mode = try? tail.file.permissions
        else { return }
        let rewrite = JournalRewrite(header, state)
        self.rewrite = rewrite
        flusher.replace(.init(path: path, contents: rewrite.contents, mode: mode))
    }

    /// Goes on with the new file if it is there.
    private func takeRewritten() {
        guard let replaced = flusher.takeReplaced() else { return }
        goOn(replaced)
    }

    /// Before the run.
    private func rewriteNow() {
        guard failure == nil, tail.isWritten, let mode = try? tail.file.permissions else { return }
        let rewrite = JournalRewrite(header, state)
        self.rewrite = rewrite
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
        }
    }

    private func goOn(_ replaced: Flusher.Replaced) {
        guard let rewrite else { return }
        self.rewrite = nil
        switch replaced {
        case .failed:
            // The old one serves as well.
            rewriteSize = tail.writtenEnd * 2
        case .by(let file, let directoryFailure):
            header = rewrite.header
            tail = rewrite.tail(file)
            rewriteSize = max(rewriteSizeMin, tail.writtenEnd * 4)
            awaited = nil
            // A power cut could bring the old one back, without what comes from now on.
            if let directoryFailure { fail(.notFlushed(path: path, directoryFailure)) }
            if failure == nil { durableSequence = rewrite.lastSequence }
        }
        for record in rewrite.records {
            tail.append(record)
        }
    }
}
