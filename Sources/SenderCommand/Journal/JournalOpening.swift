// Opening, locking and checking a journal.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ReliableSender

/// A journal that was opened, locked, read and found sound.
struct OpenedJournal {
    /// Path without symbolic links.
    var path: String
    var file: OpenFile
    var header: JournalHeader
    var state: JournalState
    var size: UInt64
    /// Bytes cut off a torn tail.
    var droppedByteCount: UInt64 = 0
    var isNew = false
    /// Written by an older program, in a version that lacks what this run may record.
    var isOld = false
}

extension OpenedJournal {
    /// The journal that the command line describes.
    struct Request: Hashable {
        var path: String
        var addresses: [String]
        var input: JournalInput
        var command = JournalCommand()
        /// nil: that of the journal, or a random one for a new journal.
        var runID: String?
    }

    /// Private to the user: a journal may hold messages.
    private static let mode: mode_t = 0o600

    /// Opens a journal, or creates one; stops reading once `isStopped`.
    init(
        _ request: Request, isStopped: @escaping () -> Bool = { false }
    ) throws(JournalError) {
        let (file, status) = try Self.openLocked(request.path)
        let path = realPath(request.path) ?? request.path
        // Just created: by us, by a run that died at that moment, or by the user.
        if status.st_size == 0 {
            JournalLeftovers.remove(of: path, addresses: request.addresses, input: request.input)
            self = try Self.begin(request, at: path, mode: status.st_mode & 0o777)
            return
        }
        let size = UInt64(status.st_size)
        let replay = try Self.replay(file, size: size, path: request.path, isStopped)
        try Self.check(replay.header, against: request)
        try Self.check(replay.state.payloads, path: request.path)
        JournalLeftovers.remove(
            of: path, addresses: request.addresses, input: request.input, runID: replay.header.runID
        )
        if replay.end < size {
            do throws(SystemError) {
                try file.cut(at: replay.end)
            } catch {
                throw .notBegun(path: request.path, error)
            }
        }
        self.init(
            path: path, file: file, header: replay.header, state: replay.state, size: replay.end,
            droppedByteCount: size - replay.end)
        header.command = header.command ?? request.command
        isOld = replay.version < header.neededVersion
    }

    private static func openLocked(_ path: String) throws(JournalError) -> (OpenFile, stat) {
        while true {
            let file = try open(path)
            do throws(SystemError) {
                if try !file.lock() { throw SystemError(number: EWOULDBLOCK) }
                // Its owner may have replaced the file before it released the lock.
                let now = try OpenFile(path, O_RDONLY | O_NONBLOCK).status
                let locked = try file.status
                if now.st_ino == locked.st_ino, now.st_dev == locked.st_dev {
                    return (file, locked)
                }
            } catch {
                // Removed meanwhile: try again.
                if error.number == ENOENT { continue }
                throw error.number == EWOULDBLOCK
                    ? .locked(path: path) : .notLocked(path: path, error)
            }
        }
    }

    private static func open(_ path: String) throws(JournalError) -> OpenFile {
        let file: OpenFile
        let type: mode_t
        do throws(SystemError) {
            // Non-blocking: open would wait for the other end of a named pipe.
            file = try OpenFile(path, O_RDWR | O_CREAT | O_NONBLOCK, mode: mode)
            type = try file.status.st_mode & S_IFMT
        } catch {
            throw .notOpened(path: path, error)
        }
        guard type == S_IFREG else { throw .notRegular(path: path) }
        return file
    }

    private static func begin(
        _ request: Request, at path: String, mode: mode_t
    ) throws(JournalError) -> OpenedJournal {
        let header = JournalHeader(
            nonce: .random(in: .min ... .max), input: request.input, addresses: request.addresses,
            runID: request.runID ?? randomRunID(), command: request.command)
        let bytes = header.bytes
        do throws(SystemError) {
            let file = try OpenFile.replace(path, with: bytes, mode: mode)
            try OpenFile.flushDirectory(of: path)
            return OpenedJournal(
                path: path, file: file, header: header,
                state: JournalState(addressCount: header.addresses.count),
                size: UInt64(bytes.count), isNew: true)
        } catch {
            throw .notBegun(path: request.path, error)
        }
    }

    private static func replay(
        _ file: OpenFile, size: UInt64, path: String, _ isStopped: @escaping () -> Bool
    ) throws(JournalError) -> JournalReplay {
        do {
            return try JournalReplay(size: size) { offset, byteCount in
                if isStopped() { throw JournalError.interrupted(path: path) }
                return try file.read(at: offset, byteCount: byteCount)
            }
        } catch let error as JournalError {
            throw error
        } catch let damage as JournalDamage {
            throw .damaged(path: path, damage)
        } catch {
            throw .notRead(path: path, error as? SystemError ?? SystemError(number: EIO))
        }
    }

    /// Checks stored messages: they are sent as they are.
    private static func check(
        _ payloads: [(UInt64, EncodedLine)], path: String
    ) throws(JournalError) {
        guard
            let (sequence, _) = payloads.first(where: { Message(encoded: $0.1.encoded) == nil })
        else { return }
        throw .damaged(path: path, .noMessage(sequence))
    }

    private static func check(
        _ header: JournalHeader, against request: Request
    ) throws(JournalError) {
        let path = request.path
        guard header.addresses.isExactly(request.addresses) else {
            throw .otherAddresses(
                path: path, journal: header.addresses, given: request.addresses)
        }
        if let runID = request.runID, !runID.isExactly(header.runID) {
            throw .otherRunID(path: path, journal: header.runID, given: runID)
        }
        guard header.input == request.input else {
            throw .otherInput(path: path, journal: header.input, given: request.input)
        }
        if let difference = header.command?.difference(to: request.command) {
            throw .otherCommand(path: path, difference)
        }
    }
}

/// A random run id.
func randomRunID() -> String {
    String(UInt64.random(in: .min ... .max), radix: 36)
}
