// The place where a run resumes its input.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The parts of the input to read.
struct ReadingPlan: Hashable, Sendable {
    /// A message of an earlier run that is not final, in a regular file.
    struct Place: Hashable, Sendable {
        var sequence: UInt64
        var offset: UInt64
        var byteCount: UInt64
    }

    /// Read first, again.
    var again: [Place] = []
    /// Number of the first new message.
    var firstSequence: UInt64 = 1
    /// Number of the last message wanted.
    var lastSequence: UInt64 = .max
    /// Offset of the first new message.
    var offset: UInt64 = 0
    /// An earlier run read the beginning of a line of this pipe.
    var beginsWithinLine = false
    /// An unterminated last line of a regular file is left to the next run: the file may grow.
    var holdsUnended = false

    /// There is nothing to read.
    var isEmpty: Bool { again.isEmpty && firstSequence > lastSequence }
}

extension ReadingPlan {
    /// Starts at the descriptor's position, or resumes where the journal says.
    ///
    /// - Throws: When the input can't be that of the journal.
    init(
        _ input: StandardInput, delimiter: Delimiter, journal: Journal?, countMax: Int?
    ) throws(JournalError) {
        if let countMax { lastSequence = UInt64(countMax) }
        if input.isRegularFile { offset = input.offset }
        guard let journal else { return }
        firstSequence = journal.state.lastSequence + 1
        guard input.isRegularFile else {
            beginsWithinLine = input.pipe != nil && input.pipe == journal.state.openLine
            return
        }
        holdsUnended = true
        do {
            try takeUp(input, delimiter: delimiter, journal: journal)
        } catch let error as JournalError {
            throw error
        } catch {
            throw .inputNotRead(
                path: journal.path, error as? SystemError ?? SystemError(number: EIO))
        }
    }

    private mutating func takeUp(
        _ input: StandardInput, delimiter: Delimiter, journal: Journal
    ) throws {
        let state = journal.state
        let size = try input.size
        let isNew = state.lastSequence == 0 && state.inputOffset == 0
        let begin = isNew ? offset : state.inputFingerprint?.offset ?? 0
        let fingerprint = try InputFingerprint(of: input, at: begin, size: size)
        if isNew {
            try journal.begin(fingerprint)
            return
        }
        offset = state.inputOffset
        guard size >= offset else {
            throw JournalError.otherFile(
                path: journal.path, .shorter(size: size, readEnd: offset))
        }
        if let old = state.inputFingerprint {
            let now = try InputFingerprint(of: input, at: begin, size: begin + old.byteCount)
            guard now == old else {
                throw JournalError.otherFile(path: journal.path, .otherBeginning)
            }
            // The file was shorter then.
            if fingerprint.byteCount > old.byteCount { try journal.begin(fingerprint) }
        }
        again = state.places
        guard offset > 0, offset < size else { return }
        let count = UInt64(delimiter.count)
        if offset >= count,
            try input.bytes(at: offset - count, count: delimiter.count) == delimiter.bytes
        {
            return
        }
        // The file ended there without a delimiter, and has got it since.
        guard try input.bytes(at: offset, count: delimiter.count) == delimiter.bytes else {
            throw JournalError.otherFile(path: journal.path, .otherLines(at: offset))
        }
        offset += count
    }
}

extension Journal {
    /// Knows a regular file again by no more than what was taken of it: what comes behind may be
    /// mended before the next run.
    func forgetUntaken(of input: StandardInput) throws {
        guard input.isRegularFile, let fingerprint = state.inputFingerprint,
            state.inputOffset > fingerprint.offset,
            state.inputOffset < fingerprint.offset + fingerprint.byteCount
        else { return }
        try begin(InputFingerprint(of: input, at: fingerprint.offset, size: state.inputOffset))
    }
}

extension InputFingerprint {
    /// Of a file of this size.
    fileprivate init(
        of input: StandardInput, at offset: UInt64, size: UInt64
    ) throws(SystemError) {
        let wanted = min(UInt64(Self.byteCountMax), size - min(size, offset))
        let bytes = try input.bytes(at: offset, count: Int(wanted))
        var sum = CRC32C()
        sum.add(bytes)
        self.init(offset: offset, byteCount: UInt64(bytes.count), checksum: sum.value)
    }
}
