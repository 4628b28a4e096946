// The program, from the command line to the exit status.
// SPDX-License-Identifier: Apache-2.0

import SenderCommand

let process = SenderProcess()
let command = process.readCommand()
let status = command.execute()
process.exit(status)
