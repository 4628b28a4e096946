// What a JSON text says.
// SPDX-License-Identifier: Apache-2.0

/// A value of JSON, with what a message needs to know of it: the order of an object's members, and
/// whether a number was written as a whole one.
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

    /// Its kind in a sentence, or itself where it is short.
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

/// Why a text is no JSON, or none that is taken.
struct JSONFault: Error, Hashable {
    /// A part of a sentence.
    var reason: String
    /// Of the byte where it shows; 0 is the first of the text.
    var offset: Int
}
