// Re-exports the types of the modules below that are in this module's API.
// SPDX-License-Identifier: Apache-2.0

@_exported public import AMQP

@_exported public import enum LinkRecovery.End
@_exported public import enum LinkRecovery.FinalOutcome
@_exported public import enum LinkRecovery.GivenUpReason
@_exported public import struct LinkRecovery.Histogram
@_exported public import struct LinkRecovery.Instant
@_exported public import enum LinkRecovery.LinkReport
@_exported public import enum LinkRecovery.LinkStage
@_exported public import typealias LinkRecovery.Microseconds
@_exported public import typealias LinkRecovery.Milliseconds
@_exported public import enum LinkRecovery.Notice
@_exported public import struct LinkRecovery.OutcomeReport
@_exported public import struct LinkRecovery.RecoveryOptions
@_exported public import enum LinkRecovery.Report
@_exported public import struct LinkRecovery.RetryPolicy
@_exported public import struct LinkRecovery.SendPace
@_exported public import struct LinkRecovery.Status
@_exported public import struct LinkRecovery.Summary
@_exported public import struct LinkRecovery.Timings
@_exported public import struct Proton.ProtonError
@_exported public import struct Proton.ProtonLibrary
@_exported public import enum Proton.TLSFault
@_exported public import struct Proton.TLSOptions
