// Proton's codec, for tests that hold ours against it.
// SPDX-License-Identifier: Apache-2.0

#include "proton_codec.h"

#include <inttypes.h>
#include <proton/codec.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool decode(pn_data_t *data, const uint8_t *bytes, size_t size) {
    size_t used = 0;
    while (used < size) {
        const ssize_t count = pn_data_decode(data, (const char *)bytes + used, size - used);
        if (count <= 0) return false;
        used += (size_t)count;
    }
    return true;
}

size_t proton_codec_reencode(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity) {
    pn_data_t *const data = pn_data(0);
    ssize_t result = 0;
    if (decode(data, bytes, size)) result = pn_data_encode(data, (char *)out, capacity);
    pn_data_free(data);
    return result > 0 ? (size_t)result : 0;
}

struct text {
    char *out;
    size_t length;
    size_t capacity;
};

static void write_text(struct text *text, const char *string) {
    const size_t length = strlen(string);
    if (text->length + length + 1 > text->capacity) return;
    memcpy(text->out + text->length, string, length + 1);
    text->length += length;
}

static void write_bytes(struct text *text, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i += 1) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02x", (unsigned char)bytes[i]);
        write_text(text, digits);
    }
}

static void write_number(struct text *text, uint64_t number) {
    char digits[17];
    snprintf(digits, sizeof digits, "%" PRIx64, number);
    write_text(text, digits);
}

static void write_all(struct text *text, pn_data_t *data);

static void write_inside(struct text *text, pn_data_t *data) {
    write_text(text, "(");
    pn_data_enter(data);
    write_all(text, data);
    pn_data_exit(data);
    write_text(text, ")");
}

static void write_value(struct text *text, pn_data_t *data) {
    const pn_type_t type = pn_data_type(data);
    uint32_t bits32;
    uint64_t bits64;
    write_text(text, pn_type_name(type));
    write_text(text, ":");
    switch (type) {
    case PN_NULL: break;
    case PN_BOOL: write_number(text, pn_data_get_bool(data)); break;
    case PN_UBYTE: write_number(text, pn_data_get_ubyte(data)); break;
    case PN_BYTE: write_number(text, (uint64_t)(int64_t)pn_data_get_byte(data)); break;
    case PN_USHORT: write_number(text, pn_data_get_ushort(data)); break;
    case PN_SHORT: write_number(text, (uint64_t)(int64_t)pn_data_get_short(data)); break;
    case PN_UINT: write_number(text, pn_data_get_uint(data)); break;
    case PN_INT: write_number(text, (uint64_t)(int64_t)pn_data_get_int(data)); break;
    case PN_CHAR: write_number(text, pn_data_get_char(data)); break;
    case PN_ULONG: write_number(text, pn_data_get_ulong(data)); break;
    case PN_LONG: write_number(text, (uint64_t)pn_data_get_long(data)); break;
    case PN_TIMESTAMP: write_number(text, (uint64_t)pn_data_get_timestamp(data)); break;
    case PN_FLOAT: {
        const float value = pn_data_get_float(data);
        memcpy(&bits32, &value, sizeof bits32);
        write_number(text, bits32);
        break;
    }
    case PN_DOUBLE: {
        const double value = pn_data_get_double(data);
        memcpy(&bits64, &value, sizeof bits64);
        write_number(text, bits64);
        break;
    }
    case PN_DECIMAL32: write_number(text, pn_data_get_decimal32(data)); break;
    case PN_DECIMAL64: write_number(text, pn_data_get_decimal64(data)); break;
    case PN_DECIMAL128: write_bytes(text, pn_data_get_decimal128(data).bytes, 16); break;
    case PN_UUID: write_bytes(text, pn_data_get_uuid(data).bytes, 16); break;
    case PN_BINARY:
    case PN_STRING:
    case PN_SYMBOL: {
        const pn_bytes_t bytes = pn_data_get_bytes(data);
        write_bytes(text, bytes.start, bytes.size);
        break;
    }
    default: write_inside(text, data);
    }
}

static void write_all(struct text *text, pn_data_t *data) {
    while (pn_data_next(data)) {
        write_value(text, data);
        write_text(text, " ");
    }
}

size_t proton_codec_describe(const uint8_t *bytes, size_t size, char *out, size_t capacity) {
    struct text text = {out, 0, capacity};
    pn_data_t *const data = pn_data(0);
    if (capacity > 0) out[0] = 0;
    if (decode(data, bytes, size)) {
        pn_data_rewind(data);
        write_all(&text, data);
    }
    pn_data_free(data);
    return text.length;
}
