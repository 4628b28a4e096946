// The files that a run writes.
// SPDX-License-Identifier: Apache-2.0

import ReliableSender

/// Journal and rejected file.
struct RunFiles {
    let journal: Journal?
    let rejectedFile: RejectedFile?
    /// By address, messages not yet final when the run began; nil if the total is unknown.
    let missingCounts: [UInt64]?
    /// All files that the run reads or writes, of which no two may be the same.
    let distinct: DistinctFiles

    /// Opens the files.
    ///
    /// Slow steps end with an error once `isStopped`.
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
                            path: path, addresses: options.destinations.all.map(\.address),
                            input: input,
                            command: JournalCommand(options.input, content?.template),
                            runID: options.runID),
                        isStopped: isStopped))
            }
        } catch {
            throw UsageError(error.sentence)
        }
        let messages = standardInput == nil ? options.messages.map(UInt64.init) : nil
        missingCounts = messages.map { [journal] count in
            options.destinations.all.indices.map {
                journal?.missingCount(of: count, for: $0) ?? count
            }
        }
        try distinct.add("--journal", journal?.file.identity)
        try distinct.check(
            "--rejected-file", options.rejectedFile.flatMap(FileIdentity.init(path:)))
        rejectedFile = try options.rejectedFile.map { path throws(UsageError) in
            try RejectedFile(path)
        }
        try distinct.add("--rejected-file", rejectedFile?.identity)
        self.distinct = distinct
    }

    /// Messages not yet final when the run began; nil if the total is unknown.
    var missingCount: UInt64? { missingCounts.map { $0.reduce(0, +) } }

    /// Whether everything was written.
    var areComplete: Bool { journal?.failure == nil && rejectedFile?.isComplete ?? true }

    /// A sentence about the account of earlier runs.
    var resumptionSentence: String? {
        journal?.resumption?.sentence(missing: missingCount)
    }

    /// Messages rejected or given up in earlier runs.
    var refusedEarlier: Int {
        guard let resumption = journal?.resumption else { return 0 }
        return Int(clamping: resumption.rejected + resumption.givenUp)
    }

    /// Messages that earlier runs sent pre-settled.
    var unconfirmedEarlier: Int { Int(clamping: journal?.resumption?.unconfirmed ?? 0) }

    /// Takes the bad lines of the input; nil: they end it.
    func badLines(_ action: OnBadData) -> BadLines? {
        switch action {
        case .stop: nil
        case .skip: BadLines(keptIn: nil)
        case .keep: BadLines(keptIn: rejectedFile, mustBeDurable: journal != nil)
        }
    }

    /// Sets the callback for a file that can't be written any more.
    func onFailure(_ body: @escaping (String) -> Void) {
        rejectedFile?.onFailure = body
        journal?.onFailure = { [weak journal] in
            if let failure = journal?.failure { body(failure.sentence) }
        }
    }

    /// Starts flushing; `wake` is called on another thread when the disk has made progress.
    func begin(wake: @escaping @Sendable () -> Void) throws(SystemError) {
        guard let journal else { return }
        journal.onProgress(wake)
        try rejectedFile?.beginFlushing(wake: wake)
    }

    /// Ends the flushing threads.
    func end() {
        rejectedFile?.endFlushing()
        journal?.endFlusher()
    }

    /// Returns an observer that writes the files before the printer prints.
    ///
    /// The rejected file comes first: a message that the journal has as final is not sent again.
    func observer(
        before printer: any SendingObserver, duplicateID: DuplicateID?,
        destinations: Destinations, sources: [any MessageSource]
    ) -> any SendingObserver {
        var observer = printer
        if let journal {
            observer = JournalingObserver(
                observer, journal: journal, rejectedFile: rejectedFile,
                address: destinations.index(of:))
        }
        if let rejectedFile {
            observer = RejectionRecorder(
                observer, file: rejectedFile, duplicateID: duplicateID,
                destinations: destinations, sources: sources)
        }
        return observer
    }
}
