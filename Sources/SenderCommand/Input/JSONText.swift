// Writes JSON.
// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Appends a value on one line.
    ///
    /// Decimal numbers must be finite.
    mutating func append(json: JSONValue) {
        switch json {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let number): append(String(number))
        case .largeInteger(let number): append(String(number))
        case .decimal(let number): append("\(number)")
        case .string(let text): append(jsonString: text)
        case .array(let elements):
            append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                append(json: element)
            }
            append(UInt8(ascii: "]"))
        case .object(let members):
            append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                append(jsonString: member.key)
                append(UInt8(ascii: ":"))
                append(json: member.value)
            }
            append(UInt8(ascii: "}"))
        }
    }

    /// Appends a text in quotes, without anything that could drive a terminal.
    mutating func append(jsonString text: String) {
        append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                append(UInt8(ascii: "\\"))
                append(UInt8(ascii: scalar))
            case " "..."~":
                append(UInt8(ascii: scalar))
            // JSON allows invisible characters that could drive a terminal.
            case _ where scalar.isInvisibleCommand:
                for unit in String(scalar).utf16 { append("\\u\(fourDigits(unit))") }
            default:
                append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        append(UInt8(ascii: "\""))
    }
}

private func fourDigits(_ unit: UInt16) -> Substring {
    String(0x10000 + UInt32(unit), radix: 16).dropFirst()
}
