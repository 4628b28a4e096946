// The versions of proton: compiled for, and loaded.
// SPDX-License-Identifier: Apache-2.0

#include <proton/connection.h>
#include <proton/version.h>

#include <dlfcn.h>
#include <stdlib.h>

#include <memory>
#include <string>

#include "cshim.h"

namespace {

/// The file that a name such as libqpid-proton-core.so.10 links to: its own name ends in the
/// library's version.
std::string file_of(const char *symbol) {
    Dl_info info;
    void *const address = dlsym(RTLD_DEFAULT, symbol);
    if (!address || !dladdr(address, &info) || !info.dli_fname) return "";
    const std::unique_ptr<char, decltype(&free)> path(realpath(info.dli_fname, nullptr), free);
    return path ? path.get() : info.dli_fname;
}

}  // namespace

#define TEXT(value) #value
#define VERSION_TEXT(major, minor, point) TEXT(major) "." TEXT(minor) "." TEXT(point)

const char *cshim_proton_header_version(void) noexcept {
    return VERSION_TEXT(PN_VERSION_MAJOR, PN_VERSION_MINOR, PN_VERSION_POINT);
}

const char *cshim_proton_library(void) noexcept {
    try {
        static const std::string file = file_of("pn_connection");
        return file.c_str();
    } catch (...) {
        return "";
    }
}
