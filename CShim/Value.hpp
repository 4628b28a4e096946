// AMQP's encoding (§1.6), as far as the inspection of frames needs it.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_VALUE_HPP
#define CSHIM_VALUE_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cshim {

/// Constructors that are used by name.
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

/// A value in borrowed bytes. It is well formed throughout.
struct Value {
    /// The constructor, which follows the descriptor if there is one.
    uint8_t code;
    /// The descriptor with its constructor; empty if the value is not described.
    std::string_view descriptor;
    /// The content, without constructor, size and count.
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

/// Takes the first value off the bytes; none if it is cut off, of an unknown type, or nested too
/// deep.
std::optional<Value> take_value(std::string_view &bytes) noexcept;

/// The number of a descriptor; none for a symbol.
std::optional<uint64_t> number_of(std::string_view descriptor) noexcept;
/// The symbol of a descriptor; empty for a number.
std::string_view symbol_of(std::string_view descriptor) noexcept;

/// Whether any descriptor in these values is a symbol.
bool has_symbolic_descriptor(std::string_view values) noexcept;

/// The number that stands for a symbolic descriptor.
using Numbering = uint64_t (*)(void *context, std::string_view symbol);

/// The same values with numbers for descriptors (§1.3.3 allows both), which is all that proton
/// reads. Those within arrays stay.
std::string with_numbers(std::string_view values, Numbering number, void *context);

void append_number(std::string &bytes, uint64_t number, int size);

}  // namespace cshim

#endif
