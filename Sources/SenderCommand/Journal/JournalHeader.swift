// The header of a journal.
// SPDX-License-Identifier: Apache-2.0

/// The kind of input of a journal's messages.
enum JournalInput: UInt8, CaseIterable {
    /// Generated from their sequence.
    case counted = 1
    /// Lines that can be read again.
    case regularFile
    /// Lines that can be read only once.
    case pipe
    /// Generated from a text and their sequence.
    case content
    /// Like ``regularFile``, with JSON lines.
    case jsonFile
    /// Like ``pipe``, with JSON lines.
    case jsonPipe
}

/// "sender journal", a newline, version (1 byte), length of what follows (4), nonce (8),
/// input (1), address, run id, from version 4 on the command, from version 5 on the number of other
/// addresses and these, checksum of all of it (4).
///
/// In version 6 the delimiter has several bytes. In version 7 messages may have addresses of their own.
struct JournalHeader: Equatable {
    /// Raised when an older program would misread the journal.
    static let version: UInt8 = 7
    /// The newest version without an address of a message.
    private static let versionWithoutNamedAddresses: UInt8 = 6
    /// The newest version with a delimiter of one byte.
    private static let versionWithShortDelimiter: UInt8 = 5
    /// The newest version with one address: what an older program can read.
    private static let versionWithOneAddress: UInt8 = 4
    /// The newest version without the command.
    private static let versionWithoutCommand: UInt8 = 3

    enum Reading: Equatable {
        case header(JournalHeader, version: UInt8, byteCount: Int)
        case needs(byteCount: Int)
        case notAJournal
        case newerVersion(UInt8)
        case damaged
    }

    /// Random for each journal and each rewrite.
    var nonce: UInt64
    var input: JournalInput
    /// One at least.
    var addresses: [String]
    var runID: String
    /// nil in a journal of an older program.
    var command: JournalCommand?

    private static let magic = Array("sender journal\n".utf8)
    private static let prefixByteCount = magic.count + 1 + 4
    private static let checksumByteCount = 4
    private static let byteCountMax = 4 << 20

    var bytes: [UInt8] {
        var body: [UInt8] = []
        body.appendFixed(nonce)
        body.append(input.rawValue)
        body.appendText(addresses[0])
        body.appendText(runID)
        command?.append(
            to: &body, withDelimiterSize: neededVersion > Self.versionWithShortDelimiter)
        if neededVersion > Self.versionWithOneAddress {
            body.appendNumber(UInt64(addresses.count - 1))
            for address in addresses.dropFirst() { body.appendText(address) }
        }
        var bytes = Self.magic
        bytes.append(neededVersion)
        bytes.appendFixed(UInt32(body.count + Self.checksumByteCount))
        bytes += body
        var sum = CRC32C()
        sum.add(bytes)
        bytes.appendFixed(sum.value)
        return bytes
    }

    /// The lowest version with room for all that a run may record.
    var neededVersion: UInt8 {
        guard let command else { return Self.versionWithoutCommand }
        if input == .jsonPipe { return Self.version }
        if command.hasLongDelimiter { return Self.versionWithoutNamedAddresses }
        return addresses.count == 1 ? Self.versionWithOneAddress : Self.versionWithShortDelimiter
    }

    /// Reads the header at the start of these bytes.
    static func read(_ bytes: ArraySlice<UInt8>) -> Reading {
        guard bytes.starts(with: magic.prefix(bytes.count)) else { return .notAJournal }
        var reader = ByteReader(bytes.dropFirst(magic.count))
        guard let version = reader.byte() else { return .needs(byteCount: prefixByteCount) }
        // Checked before the checksum, whose place depends on the version.
        guard version <= Self.version else { return .newerVersion(version) }
        guard let length = reader.fixed(UInt32.self) else {
            return .needs(byteCount: prefixByteCount)
        }
        guard (UInt32(checksumByteCount)...UInt32(byteCountMax)).contains(length) else {
            return .damaged
        }
        let byteCount = prefixByteCount + Int(length)
        guard bytes.count >= byteCount else { return .needs(byteCount: byteCount) }
        let summed = bytes.prefix(byteCount - checksumByteCount)
        var sum = CRC32C()
        sum.add(summed)
        var end = ByteReader(bytes.prefix(byteCount).suffix(checksumByteCount))
        guard end.fixed(UInt32.self) == sum.value,
            let header = JournalHeader(
                body: summed.dropFirst(prefixByteCount), version: version)
        else { return .damaged }
        return .header(header, version: version, byteCount: byteCount)
    }

    init(
        nonce: UInt64, input: JournalInput, addresses: [String], runID: String,
        command: JournalCommand? = JournalCommand()
    ) {
        self.nonce = nonce
        self.input = input
        self.addresses = addresses
        self.runID = runID
        self.command = command
    }

    private init?(body: ArraySlice<UInt8>, version: UInt8) {
        var reader = ByteReader(body)
        guard let nonce = reader.fixed(UInt64.self),
            let input = reader.byte().flatMap(JournalInput.init(rawValue:)),
            let address = reader.text(), let runID = reader.text()
        else { return nil }
        let hasCommand = version > Self.versionWithoutCommand
        let hasDelimiterSize = version > Self.versionWithShortDelimiter
        let command =
            hasCommand
            ? JournalCommand(from: &reader, hasDelimiterSize: hasDelimiterSize) : nil
        var addresses = [address]
        if version > Self.versionWithOneAddress {
            guard let count = reader.number() else { return nil }
            // Each takes a byte at least: a wrong count ends before memory does.
            for _ in 0..<min(count, UInt64(body.count)) {
                guard let address = reader.text() else { return nil }
                addresses.append(address)
            }
        }
        guard reader.isAtEnd, (command != nil) == hasCommand else { return nil }
        self.init(
            nonce: nonce, input: input, addresses: addresses, runID: runID, command: command)
    }
}
