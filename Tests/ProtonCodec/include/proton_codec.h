// Proton's codec, for tests that hold ours against it.
// SPDX-License-Identifier: Apache-2.0

#ifndef TESTS_PROTON_CODEC_H
#define TESTS_PROTON_CODEC_H

#include <stddef.h>
#include <stdint.h>

/// Decodes all values, encodes them anew, and returns the size of that; 0 when proton can't.
size_t proton_codec_reencode(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity);

/// Decodes all values, and writes them as text that ends in a NUL: type, colon, value in
/// hexadecimal digits; what is inside of others in parentheses. Returns the length, 0 when proton
/// can't.
size_t proton_codec_describe(const uint8_t *bytes, size_t size, char *out, size_t capacity);

#endif
