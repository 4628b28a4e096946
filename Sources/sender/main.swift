// Where the process begins and ends.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Sending

exit(runCommand(processArguments))
