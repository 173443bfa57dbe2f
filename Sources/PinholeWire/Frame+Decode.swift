extension ByteReader {
    /// Reads one frame. A run of PADDING is read as one.
    package mutating func frame() throws(WireError) -> Frame {
        switch try varint() {
        case FrameType.padding:
            skipPadding()
            return .padding
        case FrameType.ping:
            return .ping
        case FrameType.ack:
            return .ack(try ack(hasECN: false))
        case FrameType.ackECN:
            return .ack(try ack(hasECN: true))
        case FrameType.resetStream:
            return .resetStream(id: try varint(), errorCode: try varint(), finalSize: try varint())
        case FrameType.stopSending:
            return .stopSending(id: try varint(), errorCode: try varint())
        case FrameType.stream:
            return .stream(try stream(fin: false))
        case FrameType.streamFin:
            return .stream(try stream(fin: true))
        case FrameType.maxData:
            return .maxData(try varint())
        case FrameType.maxStreamData:
            return .maxStreamData(id: try varint(), limit: try varint())
        case FrameType.ackFrequency:
            return .ackFrequency(
                AckFrequency(
                    sequence: try varint(), threshold: try varint(), maxDelay: try varint(),
                    reorderingThreshold: try varint()))
        case FrameType.pathChallenge:
            return .pathChallenge(try u64())
        case FrameType.pathResponse:
            return .pathResponse(try u64())
        case FrameType.close:
            let errorCode = try varint()
            return .close(errorCode: errorCode, reason: try array(try length()))
        case FrameType.auth:
            let signature = try array(64)
            return .auth(signature: signature, parameters: try array(try length()))
        case FrameType.candidates:
            return .candidates(try candidates())
        case FrameType.observedAddress:
            return .observedAddress(try address())
        case FrameType.rekey:
            return .rekey(epoch: try u32(), key: try array(32))
        case FrameType.reauth:
            return .reauth(epoch: try u32(), signature: try array(64))
        default:
            throw .unknownType
        }
    }

    private mutating func skipPadding() {
        var ahead = self
        while let byte = try? ahead.u8(), byte == 0 { self = ahead }
    }

    private mutating func ack(hasECN: Bool) throws(WireError) -> AckFrame {
        var frame = AckFrame(ranges: [], delay: 0)
        try ack(&frame, hasECN: hasECN)
        return frame
    }

    private mutating func ack(_ frame: inout AckFrame, hasECN: Bool) throws(WireError) {
        var upper = try varint()
        frame.delay = try varint()
        let count = try varint()
        guard count < Limits.maxAckRanges else { throw .tooLong }
        frame.ranges.removeAll(keepingCapacity: true)
        for index in 0...Int(count) {
            if index > 0 {
                let gap = try varint() + 2
                guard let lower = frame.ranges.last?.lowerBound, lower >= gap else { throw .malformed }
                upper = lower - gap
            }
            let length = try varint()
            guard length <= upper else { throw .malformed }
            frame.ranges.append(upper - length...upper)
        }
        frame.ecn = hasECN ? ECNCounts(ect0: try varint(), ect1: try varint(), ce: try varint()) : nil
    }

    private mutating func stream(fin: Bool) throws(WireError) -> StreamFrame {
        let frame = try borrowedStream(fin: fin)
        return StreamFrame(id: frame.id, offset: frame.offset, data: [UInt8](copying: frame.data), fin: fin)
    }

    @_lifetime(copy self)
    private mutating func borrowedStream(fin: Bool) throws(WireError) -> BorrowedStreamFrame {
        let id = try varint()
        let offset = try varint()
        let data = try span(try length())
        guard offset + UInt64(data.count) < 1 << 62 else { throw .malformed }
        return BorrowedStreamFrame(id: id, offset: offset, data: data, fin: fin)
    }
}

// MARK: The frames that most packets consist of

extension ByteReader {
    /// How the next frame is best read. Where its type is not in its shortest form, that is as any other.
    package enum NextFrame {
        /// By ``streamFrame()``, which copies nothing.
        case stream
        /// By ``ackFrame(into:)``, which uses memory again.
        case ack
        /// By ``frame()``.
        case other
    }

    package var nextFrame: NextFrame {
        guard let type = peeked else { return .other }
        switch UInt64(type) {
        case FrameType.stream, FrameType.streamFin: return .stream
        case FrameType.ack, FrameType.ackECN: return .ack
        default: return .other
        }
    }

    /// Reads the STREAM frame that comes next.
    @_lifetime(copy self)
    package mutating func streamFrame() throws(WireError) -> BorrowedStreamFrame {
        let type = try u8()
        return try borrowedStream(fin: UInt64(type) == FrameType.streamFin)
    }

    /// Reads the ACK frame that comes next into `frame`, whose memory is used again.
    package mutating func ackFrame(into frame: inout AckFrame) throws(WireError) {
        let type = try u8()
        try ack(&frame, hasECN: UInt64(type) == FrameType.ackECN)
    }
}
