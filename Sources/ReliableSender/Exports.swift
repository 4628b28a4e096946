// Re-exports what the command uses of the modules below: messages, and TLS.
// SPDX-License-Identifier: Apache-2.0

@_exported public import AMQP

@_exported public import struct Proton.ProtonError
@_exported public import struct Proton.ProtonLibrary
@_exported public import enum Proton.TLSFault
@_exported public import struct Proton.TLSOptions
