// The performatives (§2.7) and the types of their fields.
// SPDX-License-Identifier: Apache-2.0

#ifndef CSHIM_PERFORMATIVES_HPP
#define CSHIM_PERFORMATIVES_HPP

#include <optional>
#include <string_view>
#include <vector>

#include "Value.hpp"

namespace cshim {

constexpr uint64_t performative_open = 0x10;
constexpr uint64_t performative_begin = 0x11;
constexpr uint64_t performative_attach = 0x12;
constexpr uint64_t performative_transfer = 0x14;
constexpr uint64_t performative_detach = 0x16;
constexpr uint64_t performative_end = 0x17;
constexpr uint64_t performative_close = 0x18;

enum class Kind { any, boolean, ubyte, ushort, uint, ulong, string, binary, map, described };

struct Field {
    const char *name;
    Kind kind;
    bool is_mandatory;
};

struct Performative {
    const char *name;
    std::vector<Field> fields;
};

/// None for any other number.
const Performative *performative_of(uint64_t number);

/// The first field that is mandatory and missing, or of a wrong type; none if all are right. Fields
/// beyond those of the specification are ignored.
const Field *odd_field(const Performative &performative, const std::vector<Value> &fields);

/// The number of a symbolic descriptor of the specification.
std::optional<uint64_t> descriptor_number(std::string_view symbol) noexcept;

}  // namespace cshim

#endif
