// Remembers over our own death which messages may have been sent, and which are final.
// SPDX-License-Identifier: Apache-2.0

/// An append-only file of records, and their sum.
///
/// What is noted is gathered and written once a turn, or before a message may be sent. From then
/// on it outlives this process; the machine's end it outlives after a flush, which follows within
/// ``JournalFlusher/interval``, and before a message is sent that comes only once.
///
/// Isolation: the container's loop.
final class Journal {
    /// What an earlier run has left; nil for a new journal.
    let resumption: Resumption?
    /// The sum of what was noted.
    ///
    /// The newest final ones may be missing before the end of a turn.
    private(set) var state: JournalState
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
    /// Replaced when it has grown large.
    private(set) var file: OpenFile
    private let flusher: JournalFlusher
    private var frame: JournalFrame
    /// How much of the file is written; `waiting` follows.
    private var writtenEnd: UInt64
    private var waiting: [UInt8] = []
    private var scratch: [UInt8] = []
    /// Where what is noted next will stand.
    private var end: UInt64 { writtenEnd + UInt64(waiting.count) }
    private var markedEnd: UInt64 = 0
    private var rewriteSize: UInt64
    /// The newest final messages, which may be continued by the next.
    private var openRun: FinalRun?
    private var isClosed = false

    /// Goes on with a journal that was opened.
    init(_ opened: OpenedJournal, rewriteSizeMin: UInt64 = 8 << 20) throws(JournalError) {
        resumption = opened.isNew ? nil : Resumption(opened)
        state = opened.state
        path = opened.path
        header = opened.header
        file = opened.file
        frame = JournalFrame(nonce: opened.header.nonce)
        writtenEnd = opened.size
        self.rewriteSizeMin = rewriteSizeMin
        rewriteSize = rewriteSizeMin
        do throws(SystemError) {
            flusher = try JournalFlusher()
        } catch {
            throw .notBegun(path: opened.path, error)
        }
        note(.runBegan)
        endTurn()
        if opened.isOld { rewrite() }
        if let failure { throw failure }
    }

    deinit {
        flusher.close()
        // A flush that is under way keeps the file open.
        file.unlock()
    }

    /// Of the messages; the given one, the journal's, or for a new one a random one.
    var runID: String { header.runID }

    /// How many of the messages 1 to `count` are not final.
    func missingCount(of count: UInt64) -> UInt64 {
        count - state.finals.count(through: count)
    }

    /// Notes messages that are to be sent, and says whether they may be.
    func admit(_ records: [JournalRecord]) -> Bool {
        guard failure == nil else { return false }
        var comesOnlyOnce = false
        for record in records {
            note(record)
            if record.kind == .payload { comesOnlyOnce = true }
        }
        writeOut()
        if comesOnlyOnce { flushNow() }
        return failure == nil
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

    /// Writes and flushes all; nothing was sent from `untaken` on.
    func close(untakenFrom untaken: UInt64) {
        guard !isClosed else { return }
        isClosed = true
        noteOpenRun()
        if untaken <= state.lastSequence { note(.untaken(from: untaken)) }
        writeOut()
        flushNow()
        flusher.close()
    }

    // MARK: Writing

    private func note(_ record: JournalRecord) {
        let isConsistent = state.apply(record)
        precondition(isConsistent, "the journal would contradict itself")
        append(record)
    }

    private func append(_ record: JournalRecord) {
        frame.append(record, at: end, to: &waiting, scratch: &scratch)
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

    /// Hands all that was noted to the system.
    ///
    /// After a failure, too, at every turn: what becomes final is known next time if there is room
    /// again. What waits is bounded by the window then, as nothing is taken.
    func writeOut() {
        noteOpenRun()
        noteOpenLine()
        guard !waiting.isEmpty else { return }
        markProgress()
        var rest = waiting[...]
        do throws(SystemError) {
            try file.write(&rest, at: &writtenEnd)
            waiting.removeAll(keepingCapacity: true)
            flusher.want(file, through: writtenEnd)
        } catch {
            waiting = Array(rest)
            fail(.notWritten(path: path, error))
        }
    }

    /// Says in the journal how much of it is on the disk.
    private func markProgress() {
        do throws(SystemError) {
            let flushedEnd = try flusher.progress(of: file)
            if flushedEnd > markedEnd { mark(flushedEnd) }
        } catch {
            fail(.notFlushed(path: path, error))
        }
    }

    private func mark(_ flushedEnd: UInt64) {
        append(.flushed(through: flushedEnd))
        markedEnd = flushedEnd
    }

    /// Waits until all is on the disk, and says so in the journal.
    private func flushNow() {
        // What could not be written can't be flushed, and a flush that failed proves nothing later.
        guard failure == nil else { return }
        // The system tells of a failed flush only once, and it may have told the other thread.
        markProgress()
        guard failure == nil else { return }
        do throws(SystemError) {
            try file.flushData()
            mark(writtenEnd)
            writeOut()
        } catch {
            fail(.notFlushed(path: path, error))
        }
    }

    private func fail(_ error: JournalError) {
        guard failure == nil else { return }
        failure = error
        onFailure?()
    }

    /// Rewrites a journal that has grown a lot.
    ///
    /// The loop waits for it: as long as it takes to write what is not final, at a time when
    /// megabytes were written.
    private func rewriteIfLarge() {
        if writtenEnd >= rewriteSize { rewrite() }
    }

    /// Puts a summary in the place of the journal.
    private func rewrite() {
        guard failure == nil, waiting.isEmpty else { return }
        var header = header
        header.nonce = .random(in: .min ... .max)
        let frame = JournalFrame(nonce: header.nonce)
        var contents = header.bytes
        for record in state.summary {
            frame.append(record, at: UInt64(contents.count), to: &contents, scratch: &scratch)
        }
        let flushedEnd = UInt64(contents.count)
        frame.append(
            .flushed(through: flushedEnd), at: flushedEnd, to: &contents, scratch: &scratch)
        do throws(SystemError) {
            file = try OpenFile.replace(path, with: contents, mode: file.permissions)
        } catch {
            // The old one serves as well.
            rewriteSize = writtenEnd * 2
            return
        }
        self.header = header
        self.frame = frame
        writtenEnd = UInt64(contents.count)
        markedEnd = flushedEnd
        rewriteSize = max(rewriteSizeMin, writtenEnd * 4)
        do throws(SystemError) {
            try OpenFile.flushDirectory(of: path)
        } catch {
            // A power cut could bring the old one back, without what comes from now on.
            fail(.notFlushed(path: path, error))
        }
    }
}
