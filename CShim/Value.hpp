// AMQP's encoding (§1.6), as far as it takes to tell whether a frame may be shown to proton.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_VALUE_HPP
#define CSHIM_VALUE_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cshim {

/// The constructors that are asked for by name.
enum Code : uint8_t {
    code_described = 0x00,
    code_null = 0x40,
    code_ulong0 = 0x44,
    code_list0 = 0x45,
    code_small_ulong = 0x53,
    code_ulong = 0x80,
    code_symbol8 = 0xA3,
    code_symbol32 = 0xB3,
    code_list8 = 0xC0,
    code_list32 = 0xD0,
};

/// One value in bytes that are not ours. Everything within it is well formed.
struct Value {
    /// Its constructor, behind a descriptor.
    uint8_t code;
    /// The descriptor with its constructor; empty when the value is not described.
    std::string_view descriptor;
    /// Without constructor, size and count.
    std::string_view content;
    /// Elements of a list, entries and their values of a map.
    uint32_t count;

    bool is_null() const noexcept { return descriptor.empty() && code == code_null; }
    bool is_list() const noexcept {
        return code == code_list0 || code == code_list8 || code == code_list32;
    }
    /// The number of any unsigned type.
    uint64_t number() const noexcept;
    bool is_true() const noexcept;
};

/// Takes the first value off the bytes; nothing when it is cut off, of no known type, or nested too
/// deep.
std::optional<Value> take_value(std::string_view &bytes) noexcept;

/// A descriptor's number; nothing for a symbol.
std::optional<uint64_t> number_of(std::string_view descriptor) noexcept;
/// A descriptor's symbol; empty for a number.
std::string_view symbol_of(std::string_view descriptor) noexcept;

/// Whether a descriptor somewhere in these values is a symbol.
bool has_symbolic_descriptor(std::string_view values) noexcept;

/// What numbers stand for a symbol that is a descriptor.
using Numbering = uint64_t (*)(void *context, std::string_view symbol);

/// The same values with numbers for descriptors (§1.3.3 allows both), which is all that proton
/// reads. Those within arrays stay.
std::string with_numbers(std::string_view values, Numbering number, void *context);

void append_number(std::string &bytes, uint64_t number, int size);

}  // namespace cshim

#endif
