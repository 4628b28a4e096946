// What is proton's face for those who do not import it: what a message is made of, and TLS.
// SPDX-License-Identifier: Apache-2.0

@_exported public import struct Proton.AMQPUUID
@_exported public import enum Proton.AMQPValue
@_exported public import struct Proton.MapEntry
@_exported public import struct Proton.Message
@_exported public import struct Proton.ProtonError
@_exported public import enum Proton.TLSFault
@_exported public import struct Proton.TLSOptions
