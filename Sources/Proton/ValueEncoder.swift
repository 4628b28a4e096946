// Values on their way into proton's codec.
// SPDX-License-Identifier: Apache-2.0

internal import CShim

extension AMQPValue {
    /// How deep a value may be nested: a scalar is 1 deep, a list of scalars 2.
    ///
    /// Decoders, and what walks the value here, call themselves for each level: no peer's stack is
    /// to be put to the test.
    public static let depthMax = 64
}

/// Takes values one after the other, and gives their encoding.
final class ValueEncoder {
    private static let operation = "encode a message"
    private let handle: OpaquePointer

    init() throws(ProtonError) {
        var made: OpaquePointer?
        try check(Self.operation) { cshim_encoder_new(&made, $0) }
        handle = try unwrap(made, Self.operation)
    }

    deinit {
        cshim_encoder_free(handle)
    }

    /// Begins a section: one value is to follow, and ``finish()``.
    func begin(_ section: Section) throws(ProtonError) {
        try call { cshim_encoder_start_described(handle, section.rawValue, $0) }
    }

    /// Ends what was begun last.
    func finish() throws(ProtonError) {
        try call { cshim_encoder_finish(handle, $0) }
    }

    /// Puts a section that is a list of fields, up to the last that is there; none without any.
    func section(_ section: Section, fields: [Field?]) throws(ProtonError) {
        guard let last = fields.lastIndex(where: { $0 != nil }) else { return }
        try begin(section)
        try call { cshim_encoder_start_list(handle, $0) }
        for field in fields[...last] {
            switch field {
            case nil: try put(.null)
            case .value(let value): try put(value)
            case .ubyte(let number): try call { cshim_encoder_put_ubyte(handle, number, $0) }
            case .uint(let number): try call { cshim_encoder_put_uint(handle, number, $0) }
            }
        }
        try finish()
        try finish()
    }

    /// Puts a value of which `depth - 1` others are around.
    func put(_ value: AMQPValue, depth: Int = 1) throws(ProtonError) {
        guard depth <= AMQPValue.depthMax else {
            throw .unencodable("values are nested more than \(AMQPValue.depthMax) deep")
        }
        switch value {
        case .null: try call { cshim_encoder_put_null(handle, $0) }
        case .bool(let value): try call { cshim_encoder_put_bool(handle, value, $0) }
        case .int(let value): try call { cshim_encoder_put_int(handle, value, $0) }
        case .long(let value): try call { cshim_encoder_put_long(handle, value, $0) }
        case .ulong(let value): try call { cshim_encoder_put_ulong(handle, value, $0) }
        case .double(let value): try call { cshim_encoder_put_double(handle, value, $0) }
        case .timestamp(let time): try call { cshim_encoder_put_timestamp(handle, time, $0) }
        case .string(let text): try put(string: text)
        case .symbol(let text): try put(symbol: text)
        case .binary(let bytes): try put(binary: bytes)
        case .uuid(let id): try put(uuid: id)
        case .list(let values):
            try call { cshim_encoder_start_list(handle, $0) }
            for value in values { try put(value, depth: depth + 1) }
            try finish()
        case .map(let entries): try put(map: entries, depth: depth)
        }
    }

    /// Puts a map of which `depth - 1` values are around.
    func put(
        map entries: [MapEntry], keysAreSymbols: Bool = false, depth: Int = 1
    ) throws(ProtonError) {
        if let key = entries.repeatedKey {
            throw .unencodable("the key \"\(key)\" stands twice")
        }
        try call { cshim_encoder_start_map(handle, $0) }
        for entry in entries {
            try keysAreSymbols ? put(symbol: entry.key) : put(string: entry.key)
            try put(entry.value, depth: depth + 1)
        }
        try finish()
    }

    /// Gives the encoding of all that was put.
    func encoded() throws(ProtonError) -> [UInt8] {
        var size = 0
        var bytes: [UInt8] = []
        if cshim_encoder_encode(handle, nil, 0, &size, nil) == .bufferTooSmall {
            bytes = [UInt8](repeating: 0, count: size)
        }
        try call { error in
            bytes.withUnsafeMutableBufferPointer { buffer in
                cshim_encoder_encode(handle, buffer.baseAddress, buffer.count, &size, error)
            }
        }
        return bytes
    }

    // MARK: Bytes

    private func put(string: String) throws(ProtonError) {
        var text = string
        try call { error in
            text.withUTF8 { cshim_encoder_put_string(handle, $0.baseAddress, $0.count, error) }
        }
    }

    private func put(symbol: String) throws(ProtonError) {
        var text = symbol
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw .unencodable("\"\(symbol)\" can't be an AMQP symbol: it is not ASCII")
        }
        try call { error in
            text.withUTF8 { cshim_encoder_put_symbol(handle, $0.baseAddress, $0.count, error) }
        }
    }

    private func put(binary: [UInt8]) throws(ProtonError) {
        try call { error in
            binary.withUnsafeBufferPointer {
                cshim_encoder_put_binary(handle, $0.baseAddress, $0.count, error)
            }
        }
    }

    private func put(uuid: AMQPUUID) throws(ProtonError) {
        let halves = (uuid.high.bigEndian, uuid.low.bigEndian)
        try call { error in
            withUnsafeBytes(of: halves) { bytes in
                bytes.withMemoryRebound(to: UInt8.self) { bytes in
                    cshim_encoder_put_uuid(handle, bytes.baseAddress.unsafelyUnwrapped, error)
                }
            }
        }
    }

    private func call(
        _ function: (UnsafeMutablePointer<cshim_error_t>) -> cshim_status_t
    ) throws(ProtonError) {
        try check(Self.operation, function)
    }
}

extension ProtonError {
    /// What AMQP has no encoding for.
    static func unencodable(_ detail: String) -> ProtonError {
        ProtonError(
            code: .invalidArgument, operation: "encode a message", name: "", detail: detail)
    }
}

extension [MapEntry] {
    /// A key that is there before; compared by bytes, as peers do.
    fileprivate var repeatedKey: String? {
        // Most maps are small.
        guard count > 16 else {
            return indices.first { index in
                self[..<index].contains { $0.key.utf8.elementsEqual(self[index].key.utf8) }
            }.map { self[$0].key }
        }
        var keys: Set<[UInt8]> = []
        return first { !keys.insert([UInt8]($0.key.utf8)).inserted }?.key
    }
}
