// AMQP's encoding (§1.6), as far as the inspection of frames needs it.
// SPDX-License-Identifier: Apache-2.0

#include "Value.hpp"

namespace cshim {

namespace {

constexpr int depth_max = 32;
/// The limit on elements without bytes, such as null.
constexpr uint32_t empty_element_count_max = 1024;

std::optional<uint64_t> take_number(std::string_view &bytes, size_t size) noexcept {
    if (bytes.size() < size) return std::nullopt;
    uint64_t number = 0;
    for (size_t i = 0; i < size; i += 1) number = number << 8 | static_cast<uint8_t>(bytes[i]);
    bytes.remove_prefix(size);
    return number;
}

std::optional<std::string_view> take_bytes(std::string_view &bytes, uint64_t size) noexcept {
    if (bytes.size() < size) return std::nullopt;
    const std::string_view taken = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return taken;
}

/// The content size of a type of fixed width; none for other types.
std::optional<size_t> fixed_size(uint8_t code) noexcept {
    switch (code) {
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x45: return 0;
    case 0x50:
    case 0x51:
    case 0x52:
    case 0x53:
    case 0x54:
    case 0x55:
    case 0x56: return 1;
    case 0x60:
    case 0x61: return 2;
    case 0x70:
    case 0x71:
    case 0x72:
    case 0x73:
    case 0x74: return 4;
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x83:
    case 0x84: return 8;
    case 0x94:
    case 0x98: return 16;
    default: return std::nullopt;
    }
}

/// The width of the size, and of the count, of a type that has them; 0 for other types.
size_t head_size(uint8_t code) noexcept {
    switch (code) {
    case 0xA0:
    case 0xA1:
    case 0xA3:
    case 0xC0:
    case 0xC1:
    case 0xE0: return 1;
    case 0xB0:
    case 0xB1:
    case 0xB3:
    case 0xD0:
    case 0xD1:
    case 0xF0: return 4;
    default: return 0;
    }
}

bool is_compound(uint8_t code) noexcept {
    return code >= 0xC0;
}
bool is_array(uint8_t code) noexcept {
    return code == 0xE0 || code == 0xF0;
}
bool is_map(uint8_t code) noexcept {
    return code == 0xC1 || code == 0xD1;
}

bool take_content(std::string_view &bytes, Value &value, int depth) noexcept;

std::optional<Value> take_nested(std::string_view &bytes, int depth) noexcept {
    if (bytes.empty() || depth > depth_max) return std::nullopt;
    Value value{static_cast<uint8_t>(bytes.front()), {}, {}, 0};
    if (value.code == code_described) {
        std::string_view rest = bytes.substr(1);
        if (!take_nested(rest, depth + 1)) return std::nullopt;
        value.descriptor = bytes.substr(1, bytes.size() - 1 - rest.size());
        if (rest.empty()) return std::nullopt;
        value.code = static_cast<uint8_t>(rest.front());
        // A described value that is itself described has no use, and no reader.
        if (value.code == code_described) return std::nullopt;
        bytes = rest;
    }
    bytes.remove_prefix(1);
    if (!take_content(bytes, value, depth)) return std::nullopt;
    return value;
}

bool is_array_well_formed(std::string_view content, uint32_t count, int depth) noexcept {
    if (content.empty()) return count == 0;
    Value element{static_cast<uint8_t>(content.front()), {}, {}, 0};
    if (element.code == code_described) {
        content.remove_prefix(1);
        if (!take_nested(content, depth + 1) || content.empty()) return false;
        element.code = static_cast<uint8_t>(content.front());
    }
    content.remove_prefix(1);
    if (fixed_size(element.code) == size_t{0} && count > empty_element_count_max) return false;
    for (uint32_t i = 0; i < count; i += 1) {
        if (!take_content(content, element, depth + 1)) return false;
    }
    return content.empty();
}

bool are_elements_well_formed(const Value &value, int depth) noexcept {
    if (is_array(value.code)) return is_array_well_formed(value.content, value.count, depth);
    if (is_map(value.code) && value.count % 2 != 0) return false;
    std::string_view rest = value.content;
    for (uint32_t i = 0; i < value.count; i += 1) {
        if (!take_nested(rest, depth + 1)) return false;
    }
    return rest.empty();
}

/// Takes what follows the constructor.
bool take_content(std::string_view &bytes, Value &value, int depth) noexcept {
    if (depth > depth_max) return false;
    if (const std::optional<size_t> size = fixed_size(value.code)) {
        const auto content = take_bytes(bytes, *size);
        if (content) value.content = *content;
        return content.has_value();
    }
    const size_t head = head_size(value.code);
    const auto size = take_number(bytes, head);
    if (head == 0 || !size) return false;
    const auto content = take_bytes(bytes, *size);
    if (!content) return false;
    value.content = *content;
    if (!is_compound(value.code)) return true;
    const auto count = take_number(value.content, head);
    if (!count) return false;
    value.count = static_cast<uint32_t>(*count);
    return are_elements_well_formed(value, depth);
}

}  // namespace

uint64_t Value::number() const noexcept {
    std::string_view rest = content;
    return take_number(rest, rest.size()).value_or(0);
}

bool Value::is_true() const noexcept {
    return code == 0x41 || (code == 0x56 && number() != 0);
}

std::optional<Value> take_value(std::string_view &bytes) noexcept {
    return take_nested(bytes, 0);
}

std::optional<uint64_t> number_of(std::string_view descriptor) noexcept {
    const auto value = take_value(descriptor);
    if (!value || !value->descriptor.empty()) return std::nullopt;
    switch (value->code) {
    case code_ulong0:
    case code_small_ulong:
    case code_ulong: return value->number();
    default: return std::nullopt;
    }
}

std::string_view symbol_of(std::string_view descriptor) noexcept {
    const auto value = take_value(descriptor);
    const bool is_symbol = value && value->descriptor.empty() &&
                           (value->code == code_symbol8 || value->code == code_symbol32);
    return is_symbol ? value->content : std::string_view();
}

bool has_symbolic_descriptor(std::string_view values) noexcept {
    while (const auto value = take_value(values)) {
        if (!symbol_of(value->descriptor).empty()) return true;
        const bool has_elements = is_compound(value->code) && !is_array(value->code);
        if (has_elements && has_symbolic_descriptor(value->content)) return true;
    }
    return false;
}

void append_number(std::string &bytes, uint64_t number, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
        bytes += static_cast<char>(number >> shift);
    }
}

std::string with_numbers(std::string_view values, Numbering number, void *context) {
    std::string result;
    while (true) {
        const std::string_view before = values;
        const auto value = take_value(values);
        // Bytes behind the last value stay as they are: the payload of a transfer.
        if (!value) return result.append(before);
        const std::string_view symbol = symbol_of(value->descriptor);
        if (!symbol.empty()) {
            result += static_cast<char>(code_described);
            result += static_cast<char>(code_ulong);
            append_number(result, number(context, symbol), 8);
        } else if (!value->descriptor.empty()) {
            result += static_cast<char>(code_described);
            result.append(value->descriptor);
        }
        const bool has_elements = is_compound(value->code) && !is_array(value->code);
        if (!has_elements) {
            const size_t head = value->descriptor.empty() ? 0 : 1 + value->descriptor.size();
            result.append(before.substr(head, before.size() - values.size() - head));
            continue;
        }
        const std::string content = with_numbers(value->content, number, context);
        result += static_cast<char>(is_map(value->code) ? 0xD1 : code_list32);
        append_number(result, content.size() + 4, 4);
        append_number(result, value->count, 4);
        result += content;
    }
}

}  // namespace cshim
