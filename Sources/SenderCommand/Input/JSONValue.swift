// JSON values.
// SPDX-License-Identifier: Apache-2.0

/// A JSON value that keeps the order of members, and tells whole numbers from decimal ones.
enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A whole number from -2^63 to 2^63-1.
    case integer(Int64)
    /// A whole number from 2^63 to 2^64-1.
    case largeInteger(UInt64)
    /// A number with a fraction or an exponent.
    case decimal(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One pair of an object; no two have the same key.
    struct Member: Hashable, Sendable {
        var key: String
        var value: JSONValue
    }

    /// The kind of value, or the value itself where it is short, for an error.
    var kindWords: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let number): "\(number)"
        case .largeInteger(let number): "\(number)"
        case .decimal(let number): "\(number)"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// An error in a JSON text.
struct JSONFault: Error, Hashable {
    /// A part of a sentence.
    var reason: String
    /// Offset of the byte at which the error was found.
    var offset: Int
}
