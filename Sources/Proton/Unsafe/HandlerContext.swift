// Callbacks of the shim, and the Swift handler behind them.
// SPDX-License-Identifier: Apache-2.0

internal import AMQP
internal import CShim

/// The object behind the shim's context pointer.
///
/// The shim owns it, by the one `Unmanaged` reference of this module, from the creation of a container to its
/// `release`, which is called exactly once, after the last callback.
final class HandlerContext {
    /// Unowned: the handler owns the container, and the container owns this.
    private unowned let handler: any MessagingHandler
    /// Borrowed: the container outlives its callbacks.
    ///
    /// Debug builds assert by it that they come on the loop.
    private var container: OpaquePointer?

    private init(_ handler: any MessagingHandler) {
        self.handler = handler
    }

    /// Makes a container of the shim that reports to `handler`.
    ///
    /// - Ownership: the result is owned.
    static func makeContainer(
        id: String, handler: any MessagingHandler
    ) throws(ProtonError) -> OpaquePointer {
        let owner = HandlerContext(handler)
        let context = Unmanaged.passRetained(owner)
        var callbacks = makeCallbacks(context.toOpaque())
        var container: OpaquePointer?
        do {
            try check("make a container") { cshim_container_new(id, &callbacks, &container, $0) }
            let handle = try unwrap(container, "make a container")
            owner.container = handle
            return handle
        } catch {
            context.release()
            throw error
        }
    }

    private static func handler(of context: UnsafeMutableRawPointer?) -> any MessagingHandler {
        guard let context else { preconditionFailure("the shim has lost its context") }
        let owner = Unmanaged<HandlerContext>.fromOpaque(context).takeUnretainedValue()
        assert(owner.isOnLoop, "a callback came on another thread than the loop's")
        return owner.handler
    }

    /// Whether the calling thread is the loop's.
    private var isOnLoop: Bool { container.map { cshim_container_is_on_loop($0) } ?? false }

    private static func makeCallbacks(_ context: UnsafeMutableRawPointer) -> cshim_callbacks_t {
        cshim_callbacks_t(
            context: context,
            started: { HandlerContext.handler(of: $0).containerStarted() },
            woken: { HandlerContext.handler(of: $0).containerWoken() },
            host_looked_up: { context, id, addresses, count, failure in
                let addresses = UnsafeBufferPointer(start: addresses, count: count)
                HandlerContext.handler(of: context).hostLookedUp(
                    ConnectionID(id), addresses.compactMap { $0.map { text($0) } },
                    failure: text(failure))
            },
            login_stepped: { context, id, step, bytes, count, login in
                let bytes = UnsafeBufferPointer(start: bytes, count: count)
                HandlerContext.handler(of: context).loginStepped(
                    LoginStep(step, bytes), on: ConnectionID(id)
                ).give(to: login)
            },
            connection_opened: { context, id, peer in
                HandlerContext.handler(of: context).connectionOpened(
                    ConnectionID(id), peer: text(peer))
            },
            connection_lost: { context, id, loss, condition in
                HandlerContext.handler(of: context).connectionLost(
                    ConnectionID(id), ConnectionLoss(loss), ErrorCondition(condition.pointee))
            },
            session_lost: { context, id, condition in
                HandlerContext.handler(of: context).sessionLost(
                    SessionID(id), ErrorCondition(condition.pointee))
            },
            link_opened: { context, id, properties in
                HandlerContext.handler(of: context).linkOpened(
                    LinkID(id), LinkProperties(properties.pointee))
            },
            link_lost: { context, id, isClosed, condition in
                HandlerContext.handler(of: context).linkLost(
                    LinkID(id), isClosed: isClosed, ErrorCondition(condition.pointee))
            },
            delivery_updated: { context, id, tag, outcome in
                HandlerContext.handler(of: context).deliveryUpdated(
                    DeliveryTag(tag), Outcome(outcome.pointee), on: LinkID(id))
            },
            deliveries_accepted: { context, id, tags, count in
                HandlerContext.handler(of: context).deliveriesAccepted(
                    UnsafeBufferPointer(start: tags, count: count).map { DeliveryTag($0) },
                    on: LinkID(id))
            },
            frame_traced: { context, id, frame in
                HandlerContext.handler(of: context).frameTraced(
                    TracedFrame(frame.pointee), on: ConnectionID(id))
            },
            batch_ended: { HandlerContext.handler(of: $0).batchEnded(ConnectionID($1)) },
            release: { context in
                guard let context else { return }
                Unmanaged<HandlerContext>.fromOpaque(context).release()
            })
    }
}

extension ConnectionLoss {
    init(_ loss: cshim_connection_loss_t) {
        switch loss {
        case .closed: self = .closed
        case .transport: self = .transport
        case .authentication: self = .authentication
        }
    }
}

extension ErrorCondition {
    init(_ condition: cshim_condition_t) {
        self.init(name: text(condition.name), description: text(condition.description))
        guard let bytes = condition.info else { return }
        let info = UnsafeBufferPointer(start: bytes, count: condition.info_size_bytes)
        if case .map(let entries)? = AMQPValue(encoded: Array(info)) { self.info = entries }
    }
}

extension SenderSettleMode {
    init(_ mode: cshim_settle_mode_t) {
        switch mode {
        case .unsettled: self = .unsettled
        case .settled: self = .settled
        case .mixed: self = .mixed
        }
    }
}

extension LinkProperties {
    init(_ properties: cshim_link_properties_t) {
        self.init(
            hasTarget: properties.has_target, maxMessageSize: properties.max_message_size_bytes,
            settleMode: SenderSettleMode(properties.settle_mode))
    }
}

extension Outcome {
    init(_ outcome: cshim_outcome_t) {
        switch outcome.state {
        case .none: self = .none
        case .accepted: self = .accepted
        case .rejected: self = .rejected(ErrorCondition(outcome.condition))
        case .released: self = .released
        case .modified:
            self = .modified(
                deliveryFailed: outcome.is_delivery_failed,
                undeliverableHere: outcome.is_undeliverable_here)
        case .unknown:
            let symbol = text(outcome.descriptor_symbol)
            let number = "0x" + String(outcome.descriptor, radix: 16)
            self = .unknown(descriptor: symbol.isEmpty ? number : symbol)
        }
    }
}

extension TracedFrame {
    init(_ frame: cshim_frame_t) {
        let body = UnsafeBufferPointer(start: frame.body, count: frame.body_size_bytes)
        self.init(
            isIncoming: frame.is_incoming, isSASL: frame.is_sasl, channel: frame.channel,
            body: Array(body))
    }
}
