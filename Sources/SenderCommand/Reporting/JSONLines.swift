// JSON objects, one per line, written field by field.
// SPDX-License-Identifier: Apache-2.0

/// Builds JSON lines as bytes.
///
/// There is one per outcome: an encoder of object trees would cost more than sending the message.
struct JSONLines {
    private(set) var bytes: [UInt8] = []

    /// Adds one line: a time in milliseconds since 1970, the event, and its fields.
    mutating func add(
        _ event: StaticString, at time: Int64, _ fields: (inout JSONLines) -> Void = { _ in }
    ) {
        begin(event, at: time)
        fields(&self)
        bytes.append("}\n")
    }

    /// Adds a line for each number, which differ in nothing else.
    mutating func add(
        _ event: StaticString, at time: Int64, _ fields: (inout JSONLines) -> Void,
        _ key: StaticString, _ numbers: [UInt64], _ lastFields: (inout JSONLines) -> Void
    ) {
        var (head, tail) = (JSONLines(), JSONLines())
        head.begin(event, at: time)
        fields(&head)
        head.begin(key)
        lastFields(&tail)
        tail.bytes.append("}\n")
        for number in numbers {
            bytes += head.bytes
            bytes.append(decimal: Int(clamping: number))
            bytes += tail.bytes
        }
    }

    private mutating func begin(_ event: StaticString, at time: Int64) {
        bytes.append("{\"time\":\"")
        bytes.append(utcMilliseconds: time)
        bytes.append("\",\"event\":\"")
        bytes.append(constant: event)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func field(_ key: StaticString, _ value: Int) {
        begin(key)
        bytes.append(decimal: value)
    }

    mutating func field(_ key: StaticString, _ value: Int64) { field(key, Int(value)) }

    mutating func field(_ key: StaticString, _ value: Bool) {
        begin(key)
        bytes.append(value ? "true" : "false")
    }

    /// Adds a text, truncated at `byteCountMax`, with control characters escaped.
    mutating func field(_ key: StaticString, _ value: String, byteCountMax: Int = 1024) {
        begin(key)
        bytes.append(jsonString: cut(value, byteCountMax: byteCountMax))
    }

    mutating func field(_ key: StaticString, _ values: [String]) {
        begin(key)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(jsonString: cut(value))
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Adds an object with keys of the peer.
    mutating func field(_ key: StaticString, _ values: [(key: String, value: String)]) {
        begin(key)
        bytes.append(UInt8(ascii: "{"))
        for (index, entry) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(jsonString: cut(entry.key))
            bytes.append(UInt8(ascii: ":"))
            bytes.append(jsonString: cut(entry.value))
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Adds a JSON value.
    mutating func field(_ key: StaticString, json: JSONValue) {
        begin(key)
        bytes.append(json: json)
    }

    /// Adds a number with one decimal.
    mutating func field(_ key: StaticString, tenths: Int) {
        begin(key)
        bytes.append(tenths: tenths)
    }

    /// Adds a number with three decimals.
    mutating func field(_ key: StaticString, thousandths: Int) {
        begin(key)
        bytes.append(decimal: thousandths / 1000)
        bytes.append(UInt8(ascii: "."))
        let decimals = thousandths % 1000
        for place in [100, 10, 1] {
            bytes.append(UInt8(ascii: "0") + UInt8(decimals / place % 10))
        }
    }

    /// Adds an object.
    mutating func object(_ key: StaticString, _ fields: (inout JSONLines) -> Void) {
        var inner = JSONLines()
        fields(&inner)
        begin(key)
        bytes.append(UInt8(ascii: "{"))
        bytes += inner.bytes.dropFirst()
        bytes.append(UInt8(ascii: "}"))
    }

    /// Empties the buffer and keeps its capacity.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    private mutating func begin(_ key: StaticString) {
        bytes.append(",\"")
        bytes.append(constant: key)
        bytes.append("\":")
    }
}

extension [UInt8] {
    mutating func append(constant text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends tenths as a number with one decimal.
    mutating func append(tenths: Int) {
        append(decimal: tenths / 10)
        append(UInt8(ascii: "."))
        append(decimal: tenths % 10)
    }
}
