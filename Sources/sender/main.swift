// Where the process begins and ends.
// SPDX-License-Identifier: Apache-2.0

import Glibc

exit(runCommand(CommandLine.arguments))
