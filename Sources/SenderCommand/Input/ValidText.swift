// Texts from bytes.
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Decodes valid UTF-8; nil for any other bytes.
    ///
    /// The standard library's own check costs more than all else that is done with a short text.
    init?(validUTF8 bytes: UnsafeRawBufferPointer) {
        if bytes.isASCII {
            self.init(decoding: bytes, as: UTF8.self)
        } else {
            self.init(validating: bytes, as: UTF8.self)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are UTF-8.
    ///
    /// They are looked at in pieces, so that no copy of a large text is made.
    var isValidUTF8: Bool {
        var start = 0
        while start < count {
            var end = Swift.min(start + 65_536, count)
            // No character is cut in two: it has three bytes behind its first one at most.
            let cut = end
            while end < count, cut - end < 3, self[end] & 0xC0 == 0x80 { end -= 1 }
            let piece = UnsafeRawBufferPointer(rebasing: self[start..<end])
            guard String(validating: piece, as: UTF8.self) != nil else { return false }
            start = end
        }
        return true
    }

    /// Whether the bytes are ASCII.
    var isASCII: Bool {
        var index = 0
        var bits: UInt64 = 0
        while index + 8 <= count {
            bits |= loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < count {
            bits |= UInt64(self[index])
            index += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }
}
