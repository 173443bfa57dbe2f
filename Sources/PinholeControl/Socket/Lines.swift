import Glibc
import NIOCore

/// A line of input, or what was wrong with it.
enum Line: Sendable {
    case text(ByteBuffer)
    /// It is longer than allowed; nothing can be understood after it.
    case tooLong
}

/// Cuts the bytes of a connection into lines.
struct LineDecoder: ByteToMessageDecoder {
    typealias InboundOut = Line

    let limit: Int
    private var searched = 0
    private var isOver = false

    init(limit: Int) { self.limit = limit }

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        guard !isOver else {
            buffer.moveReaderIndex(to: buffer.writerIndex)
            return .needMoreData
        }
        let view = buffer.readableBytesView.dropFirst(searched)
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.readableBytes
            guard searched <= limit else { return refuse(context, &buffer) }
            return .needMoreData
        }
        let length = end - buffer.readerIndex
        searched = 0
        guard length <= limit else { return refuse(context, &buffer) }
        var line = buffer.readSlice(length: length)!
        buffer.moveReaderIndex(forwardBy: 1)
        if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
        context.fireChannelRead(wrapInboundOut(.text(line)))
        return .continue
    }

    /// A last line without an end is not one.
    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) -> DecodingState {
        while decode(context: context, buffer: &buffer) == .continue {}
        return .needMoreData
    }

    private mutating func refuse(_ context: ChannelHandlerContext, _ buffer: inout ByteBuffer) -> DecodingState {
        isOver = true
        buffer.moveReaderIndex(to: buffer.writerIndex)
        context.fireChannelRead(wrapInboundOut(.tooLong))
        return .needMoreData
    }
}

/// A connection of either side: lines in, bytes out.
typealias LineChannel = NIOAsyncChannel<Line, ByteBuffer>

extension LineChannel {
    static func wrap(_ channel: any Channel, lines limit: Int) -> EventLoopFuture<LineChannel> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(LineDecoder(limit: limit)))
            return try LineChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }
}

/// Who is at the other end of a Unix socket, as the kernel says.
struct PeerCredentials: Sendable {
    var pid: Int32 = 0
    var uid: UInt32 = .max
    var gid: UInt32 = .max

    static func of(_ channel: any Channel) async -> PeerCredentials? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        return try? await provider.unsafeGetSocketOption(level: .socket, name: .init(rawValue: SO_PEERCRED)).get()
    }
}
