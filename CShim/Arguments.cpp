// The arguments of the process, as the C runtime has them.
// SPDX-License-Identifier: Apache-2.0

#include "cshim.h"

namespace {

int count;
char **arguments;

/// glibc passes the arguments of main() to constructors. Swift looks for them below the
/// environment, where they are no longer once a preloaded library has called setenv(), or in /proc.
__attribute__((constructor)) void keep(int argc, char **argv, char **) {
    count = argc;
    arguments = argv;
}

}  // namespace

int cshim_argument_count(void) noexcept {
    return count;
}

const char *cshim_argument(int index) noexcept {
    return arguments[index];
}
