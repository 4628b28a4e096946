// The arguments of the process, as the C runtime has them.
// SPDX-License-Identifier: Apache-2.0

#include "cshim.h"

namespace {

int count;
char **arguments;

/// glibc calls constructors with what it calls main() with. Swift looks for the arguments below the
/// environment, where they are not once a preloaded library has called setenv(), or in /proc.
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
