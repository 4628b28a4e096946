// The performatives (§2.7) and the types of their fields.
// SPDX-License-Identifier: Apache-2.0

#include "Performatives.hpp"

#include <utility>

namespace cshim {

namespace {

/// By descriptor, from open on.
const std::vector<Performative> &performatives() {
    // The types of capabilities, locales and properties are not checked: nothing depends on them.
    static const std::vector<Performative> all = {
        {"an open",
         {{"container-id", Kind::string, true},
          {"hostname", Kind::string, false},
          {"max-frame-size", Kind::uint, false},
          {"channel-max", Kind::ushort, false},
          {"idle-time-out", Kind::uint, false}}},
        {"a begin",
         {{"remote-channel", Kind::ushort, false},
          {"next-outgoing-id", Kind::uint, true},
          {"incoming-window", Kind::uint, true},
          {"outgoing-window", Kind::uint, true},
          {"handle-max", Kind::uint, false}}},
        {"an attach",
         {{"name", Kind::string, true},
          {"handle", Kind::uint, true},
          {"role", Kind::boolean, true},
          {"snd-settle-mode", Kind::ubyte, false},
          {"rcv-settle-mode", Kind::ubyte, false},
          {"source", Kind::described, false},
          {"target", Kind::described, false},
          {"unsettled", Kind::map, false},
          {"incomplete-unsettled", Kind::boolean, false},
          {"initial-delivery-count", Kind::uint, false},
          {"max-message-size", Kind::ulong, false}}},
        {"a flow",
         {{"next-incoming-id", Kind::uint, false},
          {"incoming-window", Kind::uint, true},
          {"next-outgoing-id", Kind::uint, true},
          {"outgoing-window", Kind::uint, true},
          {"handle", Kind::uint, false},
          {"delivery-count", Kind::uint, false},
          {"link-credit", Kind::uint, false},
          {"available", Kind::uint, false},
          {"drain", Kind::boolean, false},
          {"echo", Kind::boolean, false}}},
        {"a transfer",
         {{"handle", Kind::uint, true},
          {"delivery-id", Kind::uint, false},
          {"delivery-tag", Kind::binary, false},
          {"message-format", Kind::uint, false},
          {"settled", Kind::boolean, false},
          {"more", Kind::boolean, false}}},
        {"a disposition",
         {{"role", Kind::boolean, true},
          {"first", Kind::uint, true},
          {"last", Kind::uint, false},
          {"settled", Kind::boolean, false},
          {"state", Kind::described, false},
          {"batchable", Kind::boolean, false}}},
        {"a detach",
         {{"handle", Kind::uint, true},
          {"closed", Kind::boolean, false},
          {"error", Kind::described, false}}},
        {"an end", {{"error", Kind::described, false}}},
        {"a close", {{"error", Kind::described, false}}},
    };
    return all;
}

bool is_of(Kind kind, const Value &value) noexcept {
    if (kind == Kind::any) return true;
    if (kind == Kind::described) return !value.descriptor.empty() && value.is_list();
    if (!value.descriptor.empty()) return false;
    switch (value.code) {
    case 0x41:
    case 0x42:
    case 0x56: return kind == Kind::boolean;
    case 0x50: return kind == Kind::ubyte;
    case 0x60: return kind == Kind::ushort;
    case 0x43:
    case 0x52:
    case 0x70: return kind == Kind::uint;
    case 0x44:
    case 0x53:
    case 0x80: return kind == Kind::ulong;
    case 0xA0:
    case 0xB0: return kind == Kind::binary;
    case 0xA1:
    case 0xB1: return kind == Kind::string;
    case 0xC1:
    case 0xD1: return kind == Kind::map;
    default: return false;
    }
}

}  // namespace

const Performative *performative_of(uint64_t number) {
    const std::vector<Performative> &all = performatives();
    const uint64_t index = number - performative_open;
    return number >= performative_open && index < all.size() ? &all[index] : nullptr;
}

const Field *odd_field(const Performative &performative, const std::vector<Value> &fields) {
    size_t index = 0;
    for (const Field &field : performative.fields) {
        const bool is_there = index < fields.size() && !fields[index].is_null();
        if (is_there ? !is_of(field.kind, fields[index]) : field.is_mandatory) return &field;
        index += 1;
    }
    return nullptr;
}

std::optional<uint64_t> descriptor_number(std::string_view symbol) noexcept {
    static constexpr std::pair<std::string_view, uint64_t> numbers[] = {
        {"amqp:open:list", 0x10},
        {"amqp:begin:list", 0x11},
        {"amqp:attach:list", 0x12},
        {"amqp:flow:list", 0x13},
        {"amqp:transfer:list", 0x14},
        {"amqp:disposition:list", 0x15},
        {"amqp:detach:list", 0x16},
        {"amqp:end:list", 0x17},
        {"amqp:close:list", 0x18},
        {"amqp:error:list", 0x1D},
        {"amqp:received:list", 0x23},
        {"amqp:accepted:list", 0x24},
        {"amqp:rejected:list", 0x25},
        {"amqp:released:list", 0x26},
        {"amqp:modified:list", 0x27},
        {"amqp:source:list", 0x28},
        {"amqp:target:list", 0x29},
        {"amqp:delete-on-close:list", 0x2B},
        {"amqp:delete-on-no-links:list", 0x2C},
        {"amqp:delete-on-no-messages:list", 0x2D},
        {"amqp:delete-on-no-links-or-messages:list", 0x2E},
        {"amqp:coordinator:list", 0x30},
        {"amqp:declare:list", 0x31},
        {"amqp:discharge:list", 0x32},
        {"amqp:declared:list", 0x33},
        {"amqp:transactional-state:list", 0x34},
    };
    for (const auto &[name, number] : numbers) {
        if (name == symbol) return number;
    }
    return std::nullopt;
}

}  // namespace cshim
