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
            return .ack(try ack())
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

    private mutating func ack() throws(WireError) -> AckFrame {
        var upper = try varint()
        let delay = try varint()
        let count = try varint()
        guard count < Limits.maxAckRanges else { throw .tooLong }
        var ranges: [ClosedRange<UInt64>] = []
        ranges.reserveCapacity(Int(count) + 1)
        for index in 0...Int(count) {
            if index > 0 {
                let gap = try varint() + 2
                guard let lower = ranges.last?.lowerBound, lower >= gap else { throw .malformed }
                upper = lower - gap
            }
            let length = try varint()
            guard length <= upper else { throw .malformed }
            ranges.append(upper - length...upper)
        }
        return AckFrame(ranges: ranges, delay: delay)
    }

    private mutating func stream(fin: Bool) throws(WireError) -> StreamFrame {
        let id = try varint()
        let offset = try varint()
        let data = try array(try length())
        guard offset + UInt64(data.count) < 1 << 62 else { throw .malformed }
        return StreamFrame(id: id, offset: offset, data: data, fin: fin)
    }
}
