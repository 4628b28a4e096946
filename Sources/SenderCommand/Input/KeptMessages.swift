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
    /// Entries that are final.
    private var finalCount = 0

    /// Messages that take memory, final ones among them.
    var entryCount: Int { entries.count }

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
        guard let index = index(of: sequence), entries[index].encoded != nil else { return }
        entries[index].encoded = nil
        finalCount += 1
        while first < entries.count, entries[first].encoded == nil { first += 1 }
        // Rarely enough to cost the same for each message, and often enough for a bound on memory.
        guard finalCount == entries.count || finalCount >= 1024 && finalCount >= entries.count / 2
        else { return }
        if finalCount == first {
            entries.removeSubrange(..<first)
        } else {
            // One that stays open for long is in front of others that are final.
            entries.removeAll { $0.encoded == nil }
        }
        (first, finalCount) = (0, 0)
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
