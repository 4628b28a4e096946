// A line of proton's frame log.
// SPDX-License-Identifier: Apache-2.0

#include "FrameLine.hpp"

#include <cstdlib>

namespace cshim {

namespace {

/// The end of the value that begins here: behind its last byte, at a comma or bracket of what holds it.
size_t end_of_value(std::string_view text, size_t start) {
    int depth = 0;
    bool is_quoted = false;
    for (size_t i = start; i < text.size(); i += 1) {
        const char c = text[i];
        if (is_quoted) {
            if (c == '\\') i += 1;
            else if (c == '"') is_quoted = false;
        } else if (c == '"') {
            is_quoted = true;
        } else if (c == '[' || c == '{') {
            depth += 1;
        } else if (c == ']' || c == '}') {
            if (depth == 0) return i;
            depth -= 1;
        } else if (c == ',' && depth == 0) {
            return i;
        }
    }
    return text.size();
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<ListText> ListText::parse(std::string_view text) {
    if (text.empty() || text.front() != '@') return std::nullopt;
    size_t open = 1;
    bool is_quoted = false;
    while (open < text.size() && (is_quoted || text[open] != '[')) {
        if (text[open] == '"') is_quoted = !is_quoted;
        open += 1;
    }
    if (open == text.size()) return std::nullopt;
    ListText list;
    list.descriptor_ = trimmed(text.substr(1, open - 1));
    // A bracket ends the list; it is not a value's.
    size_t end = open + 1;
    while (end < text.size() && text[end] != ']') {
        end = end_of_value(text, end);
        if (end < text.size() && text[end] == ',') end += 1;
    }
    list.content_ = text.substr(open + 1, end - open - 1);
    return list;
}

bool ListText::is(unsigned number, std::string_view name) const {
    if (descriptor_.substr(0, name.size()) == name &&
        descriptor_.substr(name.size(), 1) == "(") {
        return true;
    }
    return number_of(descriptor_) == number;
}

std::string ListText::symbol() const {
    return !descriptor_.empty() && descriptor_.front() == ':' ? text_of(descriptor_) : "";
}

std::string_view ListText::field(size_t index, std::string_view name) const {
    const bool is_named = descriptor_.find('(') != std::string_view::npos;
    size_t start = 0;
    for (size_t place = 0; start < content_.size(); place += 1) {
        const size_t end = end_of_value(content_, start);
        std::string_view value = trimmed(content_.substr(start, end - start));
        start = end + 1;
        if (is_named) {
            if (value.substr(0, name.size()) != name || value.substr(name.size(), 1) != "=") continue;
            value.remove_prefix(name.size() + 1);
        } else if (place != index) {
            continue;
        }
        return value == "null" ? std::string_view() : value;
    }
    return {};
}

std::optional<FrameLine> FrameLine::parse(std::string_view line) {
    const size_t arrow = line.find_first_of("<-");
    const size_t at = line.find('@');
    if (arrow == std::string_view::npos || at == std::string_view::npos || at < arrow) {
        return std::nullopt;
    }
    const std::optional<ListText> performative = ListText::parse(line.substr(at));
    const std::optional<uint64_t> channel = number_of(trimmed(line.substr(0, arrow)));
    if (!performative || !channel) return std::nullopt;
    return FrameLine{line[arrow] == '<', static_cast<unsigned>(*channel), *performative};
}

std::optional<uint64_t> number_of(std::string_view text) {
    const std::string digits(text);
    char *end = nullptr;
    const unsigned long long number = std::strtoull(digits.c_str(), &end, 0);
    if (digits.empty() || *end) return std::nullopt;
    return number;
}

std::string text_of(std::string_view quoted) {
    if (!quoted.empty() && quoted.front() == ':') quoted.remove_prefix(1);
    if (quoted.size() < 2 || quoted.front() != '"') return std::string(quoted);
    std::string text;
    for (size_t i = 1; i < quoted.size() && quoted[i] != '"'; i += 1) {
        const bool is_escaped = quoted[i] == '\\' && i + 3 < quoted.size();
        if (is_escaped) {
            // Proton's only escape: a backslash, an x and two hexadecimal digits.
            text += static_cast<char>(number_of("0x" + std::string(quoted.substr(i + 2, 2))).value_or('?'));
            i += 3;
        } else {
            text += quoted[i];
        }
    }
    return text;
}

}  // namespace cshim
