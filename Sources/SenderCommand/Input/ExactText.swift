// Texts that are equal only byte by byte.
// SPDX-License-Identifier: Apache-2.0

/// A text as a peer compares it.
///
/// To Swift, é as one code point and é as e with an accent are the same text. To a broker they are two addresses.
struct ExactText: Hashable, Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether it has the same bytes.
    func isExactly(_ other: String) -> Bool { ExactText(self) == ExactText(other) }
}

extension [String] {
    /// Whether it has the same texts, byte by byte.
    func isExactly(_ other: [String]) -> Bool { map(ExactText.init) == other.map(ExactText.init) }
}
