// The program, from the command line to the exit status.
// SPDX-License-Identifier: Apache-2.0

import SenderCommand

let process = SenderProcess()
let status = process.readCommand().execute()
process.exit(status)
