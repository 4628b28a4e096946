// The files that a run writes beside its lines.
// SPDX-License-Identifier: Apache-2.0

import Sending

/// Journal and rejected file, as far as they were asked for.
struct RunFiles {
    let journal: Journal?
    let rejectedFile: RejectedFile?
    /// How many of the messages were not final when the run began.
    ///
    /// nil: nobody knows how many there are.
    let missingCount: UInt64?
    /// These, the standard streams, and what the run reads: nothing that it writes may be another one.
    let distinct: DistinctFiles

    /// Opens them; nothing was sent when one can't be used.
    ///
    /// What takes long ends with an error once `isStopped` says so.
    init(
        _ options: RunOptions, content: Content?, standardInput: StandardInput?,
        isStopped: @escaping () -> Bool
    ) throws(UsageError) {
        var distinct = try options.distinctFiles()
        try distinct.add("--content-file", content?.identity, isWritten: false)
        if let descriptor = standardInput?.descriptor {
            try distinct.add(
                "standard input", FileIdentity(descriptor: descriptor), isWritten: false)
        }
        try distinct.check("--journal", options.journal.flatMap(FileIdentity.init(path:)))
        let input = JournalInput(options.input.input, standardInput)
        do throws(JournalError) {
            journal = try options.journal.map { path throws(JournalError) in
                try Journal(
                    OpenedJournal(
                        OpenedJournal.Request(
                            path: path, address: options.sending.address, input: input,
                            command: JournalCommand(options.input, content?.template),
                            runID: options.runID),
                        isStopped: isStopped))
            }
        } catch {
            throw UsageError(error.sentence)
        }
        let messages = standardInput == nil ? options.messages.map(UInt64.init) : nil
        missingCount = messages.map { [journal] in journal?.missingCount(of: $0) ?? $0 }
        try distinct.add("--journal", journal?.file.identity)
        try distinct.check(
            "--rejected-file", options.rejectedFile.flatMap(FileIdentity.init(path:)))
        rejectedFile = try options.rejectedFile.map { path throws(UsageError) in
            try RejectedFile(path)
        }
        try distinct.add("--rejected-file", rejectedFile?.identity)
        self.distinct = distinct
    }

    /// Whether all that had to be written was.
    var areComplete: Bool { journal?.failure == nil && rejectedFile?.isComplete ?? true }

    /// What earlier runs have left, in a sentence.
    var resumptionSentence: String? {
        journal?.resumption?.sentence(missing: missingCount)
    }

    /// Messages that were rejected or given up in earlier runs.
    var refusedEarlier: Int {
        guard let resumption = journal?.resumption else { return 0 }
        return Int(clamping: resumption.rejected + resumption.givenUp)
    }

    /// Messages that earlier runs have sent settled.
    var unconfirmedEarlier: Int { Int(clamping: journal?.resumption?.unconfirmed ?? 0) }

    /// Calls this, with a sentence, when a file can't be written any more.
    func onFailure(_ body: @escaping (String) -> Void) {
        rejectedFile?.onFailure = body
        journal?.onFailure = { [weak journal] in
            if let failure = journal?.failure { body(failure.sentence) }
        }
    }

    /// Calls this, on another thread, when the disk has got on with what waits for it.
    func begin(wake: @escaping @Sendable () -> Void) throws(SystemError) {
        guard let journal else { return }
        journal.onProgress(wake)
        try rejectedFile?.beginFlushing(wake: wake)
    }

    /// Waits for the disk; from now on nothing is done beside the caller.
    func end() {
        rejectedFile?.endFlushing()
        journal?.endFlusher()
    }

    /// Sees to it that what is printed as final is in the files.
    ///
    /// The rejected file is the first: what the journal has as final does not come again.
    func observer(
        before printer: any SendingObserver, duplicateID: DuplicateID?, source: any MessageSource
    ) -> any SendingObserver {
        var observer = printer
        if let journal {
            observer = JournalingObserver(observer, journal: journal, rejectedFile: rejectedFile)
        }
        if let rejectedFile {
            observer = RejectionRecorder(
                observer, file: rejectedFile, duplicateID: duplicateID, source: source)
        }
        return observer
    }
}
