// Format codes of primitive types.
// SPDX-License-Identifier: Apache-2.0

/// The format code of a primitive type's encoding (§1.2, §1.6).
///
/// The upper four bits determine the layout of the content: 4 to 9 mean 0, 1, 2, 4, 8 and 16 bytes; A and B a
/// size of one or four bytes, and that many bytes; C and D a size, a count and that many values; E and F a
/// size, a count, one constructor and the content of that many values.
enum Constructor {
    static let described: UInt8 = 0x00
    static let null: UInt8 = 0x40
    static let trueValue: UInt8 = 0x41
    static let falseValue: UInt8 = 0x42
    static let boolean: UInt8 = 0x56
    static let ubyte: UInt8 = 0x50
    static let ushort: UInt8 = 0x60
    static let uint: UInt8 = 0x70
    static let smallUint: UInt8 = 0x52
    static let uint0: UInt8 = 0x43
    static let ulong: UInt8 = 0x80
    static let smallUlong: UInt8 = 0x53
    static let ulong0: UInt8 = 0x44
    static let byte: UInt8 = 0x51
    static let short: UInt8 = 0x61
    static let int: UInt8 = 0x71
    static let smallInt: UInt8 = 0x54
    static let long: UInt8 = 0x81
    static let smallLong: UInt8 = 0x55
    static let float: UInt8 = 0x72
    static let double: UInt8 = 0x82
    static let decimal32: UInt8 = 0x74
    static let decimal64: UInt8 = 0x84
    static let decimal128: UInt8 = 0x94
    static let char: UInt8 = 0x73
    static let timestamp: UInt8 = 0x83
    static let uuid: UInt8 = 0x98
    static let binary8: UInt8 = 0xA0
    static let binary32: UInt8 = 0xB0
    static let string8: UInt8 = 0xA1
    static let string32: UInt8 = 0xB1
    static let symbol8: UInt8 = 0xA3
    static let symbol32: UInt8 = 0xB3
    static let list0: UInt8 = 0x45
    static let list8: UInt8 = 0xC0
    static let list32: UInt8 = 0xD0
    static let map8: UInt8 = 0xC1
    static let map32: UInt8 = 0xD1
    static let array8: UInt8 = 0xE0
    static let array32: UInt8 = 0xF0

    /// The number of bytes of content, for constructors of fixed width up to 8.
    static func width(of constructor: UInt8) -> Int {
        constructor < 0x50 ? 0 : 1 << (Int(constructor >> 4) - 5)
    }

    /// The constructor of the same type with a size of four bytes instead of one.
    static func large(_ small: UInt8) -> UInt8 { small + 0x10 }
}

extension AMQPValue {
    /// The constructor of the smallest encoding.
    ///
    /// For a compound value, whose size is not known yet, the one with four bytes of size; for a described
    /// value, that of the value inside. Within a type a larger constructor can hold what a smaller one can,
    /// except for `true` and `false`.
    var constructor: UInt8 {
        switch self {
        case .null: Constructor.null
        case .bool(let value): value ? Constructor.trueValue : Constructor.falseValue
        case .ubyte: Constructor.ubyte
        case .ushort: Constructor.ushort
        case .uint(let value):
            value > 255 ? Constructor.uint : value > 0 ? Constructor.smallUint : Constructor.uint0
        case .ulong(let value):
            value > 255
                ? Constructor.ulong : value > 0 ? Constructor.smallUlong : Constructor.ulong0
        case .byte: Constructor.byte
        case .short: Constructor.short
        case .int(let value):
            Int8(exactly: value) == nil ? Constructor.int : Constructor.smallInt
        case .long(let value):
            Int8(exactly: value) == nil ? Constructor.long : Constructor.smallLong
        case .float: Constructor.float
        case .double: Constructor.double
        case .decimal32: Constructor.decimal32
        case .decimal64: Constructor.decimal64
        case .decimal128: Constructor.decimal128
        case .char: Constructor.char
        case .timestamp: Constructor.timestamp
        case .uuid: Constructor.uuid
        case .binary(let bytes):
            bytes.count > 255 ? Constructor.binary32 : Constructor.binary8
        case .string(let text):
            text.utf8.count > 255 ? Constructor.string32 : Constructor.string8
        case .symbol(let text):
            text.utf8.count > 255 ? Constructor.symbol32 : Constructor.symbol8
        case .list: Constructor.list32
        case .map: Constructor.map32
        case .array: Constructor.array32
        case .described(_, let value): value.constructor
        }
    }
}
