// What the sources of messages need of proton's face, for those who do not import it.
// SPDX-License-Identifier: Apache-2.0

@_exported public import struct Proton.AMQPUUID
@_exported public import enum Proton.AMQPValue
@_exported public import struct Proton.MapEntry
@_exported public import struct Proton.Message
@_exported public import struct Proton.ProtonError
