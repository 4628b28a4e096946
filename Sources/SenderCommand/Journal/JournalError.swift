// Errors of a journal.
// SPDX-License-Identifier: Apache-2.0

/// The reason why a journal can't be used or written.
enum JournalError: Error, Hashable {
    case notOpened(path: String, SystemError)
    case notRegular(path: String)
    case locked(path: String)
    case notLocked(path: String, SystemError)
    case notRead(path: String, SystemError)
    /// A stop was requested while it was read.
    case interrupted(path: String)
    case damaged(path: String, JournalDamage)
    case otherAddresses(path: String, journal: [String], given: [String])
    case otherRunID(path: String, journal: String, given: String)
    case otherInput(path: String, journal: JournalInput, given: JournalInput)
    /// Other options would make other messages of the same input.
    case otherCommand(path: String, JournalCommand.Difference)
    /// Standard input is another file than that of the journal.
    case otherFile(path: String, InputMismatch)
    /// Standard input could not be read for comparison with the journal.
    case inputNotRead(path: String, SystemError)
    /// It could not be created or repaired; nothing was sent.
    case notBegun(path: String, SystemError)
    /// A write failed during the run.
    case notWritten(path: String, SystemError)
    /// A flush failed: written records may be missing on the disk.
    case notFlushed(path: String, SystemError)

    /// The error: file, value, way out.
    var sentence: String {
        switch self {
        case .notOpened(let path, let error):
            "the journal \(quoted(path)) can't be opened for reading and writing: \(error)"
        case .notRegular(let path):
            "the journal \(quoted(path)) is not a regular file: name another one"
        case .locked(let path):
            "the journal \(quoted(path)) is in use by another process: wait for its end, "
                + "or name another one"
        case .notLocked(let path, let error):
            "the journal \(quoted(path)) can't be locked against other processes: \(error); "
                + "name one on a local file system"
        case .notRead(let path, let error):
            "the journal \(quoted(path)) can't be read: \(error)"
        case .interrupted(let path):
            "the journal \(quoted(path)) was not read to its end: a stop was asked for"
        case .damaged(let path, let damage):
            "\(quoted(path)) \(damage.words)"
        case .otherAddresses(let path, let journal, let given):
            "the journal \(quoted(path)) holds messages for \(list(journal)), not for "
                + "\(list(given)): give "
                + (journal.count == 1 ? "that address" : "those addresses in that order")
                + ", or another journal"
        case .otherRunID(let path, let journal, let given):
            "the journal \(quoted(path)) has the run id \(quoted(journal)), not "
                + "\(quoted(given)): leave --run-id out, or give another journal"
        case .otherInput(let path, let journal, let given):
            "the journal \(quoted(path)) is one of \(journal.words), not of \(given.words): "
                + "give the same input, or another journal"
        case .otherCommand(let path, let difference):
            "the journal \(quoted(path)) was begun with \(difference.words): give the same "
                + "command, or another journal"
        case .otherFile(let path, let mismatch):
            "standard input is not the file of the journal \(quoted(path)): \(mismatch.words); "
                + "give that file, or another journal"
        case .inputNotRead(let path, let error):
            "standard input could not be compared with the journal \(quoted(path)): \(error)"
        case .notBegun(let path, let error):
            "the journal \(quoted(path)) can't be written: \(error); its directory must be "
                + "writable and have room"
        case .notWritten(let path, let error):
            "the journal \(quoted(path)) could not be written: \(error); when that is cured, "
                + "the same command sends what is missing"
        case .notFlushed(let path, let error):
            "the journal \(quoted(path)) could not be flushed to the disk: \(error); "
                + "the same command sends what it does not know to be final"
        }
    }
}

/// The difference between a file and the one that an earlier run read.
enum InputMismatch: Hashable {
    case shorter(size: UInt64, readEnd: UInt64)
    case otherBeginning
    case otherLines(at: UInt64)

    fileprivate var words: String {
        switch self {
        case .shorter(let size, let readEnd):
            "it has only \(size) bytes, but \(readEnd) were read before"
        case .otherBeginning:
            "it begins with other bytes"
        case .otherLines(let offset):
            "no line ends at byte \(offset), where the next message would begin"
        }
    }
}

extension JournalDamage {
    fileprivate var words: String {
        switch self {
        case .notAJournal:
            "is not a journal of sender, and is left as it is: name another file"
        case .newerVersion(let version):
            "is a journal of version \(version), but this program knows versions up to "
                + "\(JournalHeader.version): use the program that wrote it"
        case .header:
            "is a journal whose header is damaged: restore it from a copy, or name another file "
                + "to send all messages again"
        case .record(let offset):
            "is a journal that is damaged at byte \(offset), and not only at its end: restore it "
                + "from a copy, or name another file to send all messages again"
        case .contradiction(let offset):
            "is a journal that contradicts itself at byte \(offset): name another file to send "
                + "all messages again"
        case .noMessage(let sequence):
            "is a journal whose message \(sequence) can't be decoded: name another file to send all "
                + "messages again"
        }
    }
}

extension JournalInput {
    fileprivate var words: String {
        switch self {
        case .counted: "counted messages"
        case .regularFile: "lines of a regular file"
        case .pipe: "lines of a pipe"
        case .content: "messages of --content or --content-file"
        case .jsonFile: "lines of JSON of a regular file"
        case .jsonPipe: "lines of JSON of a pipe"
        }
    }
}

private func list(_ addresses: [String]) -> String {
    let shown = addresses.prefix(5).map { quoted($0) }.joined(separator: ", ")
    return addresses.count > 5 ? "\(shown) and \(addresses.count - 5) more" : shown
}
