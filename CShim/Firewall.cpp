// Errors by value.
// SPDX-License-Identifier: Apache-2.0

#include "Firewall.hpp"

#include <cstring>

namespace cshim {

namespace {

/// Copies as much as fits, without a part of a UTF-8 character at the end.
template <size_t capacity>
void copy_cut(char (&destination)[capacity], const char *source) noexcept {
    size_t size = strnlen(source, capacity);
    if (size == capacity) {
        size = capacity - 1;
        while (size > 0 && (static_cast<unsigned char>(source[size]) & 0xC0) == 0x80) size -= 1;
    }
    std::memcpy(destination, source, size);
    destination[size] = '\0';
}

}  // namespace

void fill(cshim_error_t *error_out, cshim_status_t status, const char *name,
          const char *description) noexcept {
    if (!error_out) return;
    error_out->status = status;
    copy_cut(error_out->name, name);
    copy_cut(error_out->description, description);
}

}  // namespace cshim
