// Encoded messages that are not final.
// SPDX-License-Identifier: Apache-2.0

/// Encoded messages by sequence, from taking until final.
///
/// Sequences rise, mostly by one, and messages become final mostly in their order: neither hashes nor searches
/// are needed for most.
struct KeptMessages {
    private struct Entry {
        var sequence: UInt64
        /// nil: final.
        var encoded: [UInt8]?
    }

    private var entries: [Entry] = []
    /// Those before it are final.
    private var first = 0

    /// Adds a message with a higher sequence than all before it.
    mutating func append(_ encoded: [UInt8], sequence: UInt64) {
        precondition(entries.last.map { $0.sequence < sequence } ?? true, "sequences rise")
        entries.append(Entry(sequence: sequence, encoded: encoded))
    }

    /// Adds messages, in their order.
    mutating func append(_ messages: ArraySlice<EncodedMessage>) {
        for index in messages.indices {
            append(messages[index].encoded, sequence: messages[index].sequence)
        }
    }

    /// The encoded message; nil when it was not taken, or is final.
    subscript(sequence: UInt64) -> [UInt8]? {
        index(of: sequence).flatMap { entries[$0].encoded }
    }

    /// Removes a message; nothing happens if it is not there.
    mutating func remove(_ sequence: UInt64) {
        guard let index = index(of: sequence) else { return }
        entries[index].encoded = nil
        while first < entries.count, entries[first].encoded == nil { first += 1 }
        guard first == entries.count || first >= 1024 && first >= entries.count / 2 else { return }
        entries.removeSubrange(..<first)
        first = 0
    }

    /// Finds the entry where it is if no sequence was left out, else by halves.
    private func index(of sequence: UInt64) -> Int? {
        guard first < entries.count, sequence >= entries[first].sequence else { return nil }
        let distance = sequence - entries[first].sequence
        if distance < UInt64(entries.count - first) {
            let guess = first + Int(distance)
            if entries[guess].sequence == sequence { return guess }
        }
        var (low, high) = (first, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].sequence == sequence ? low : nil
    }
}
