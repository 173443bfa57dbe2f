extension ByteWriter {
    /// Appends one frame.
    package mutating func frame(_ frame: Frame) {
        switch frame {
        case .padding:
            varint(FrameType.padding)
        case .ping:
            varint(FrameType.ping)
        case .ack(let ack):
            self.ack(ack)
        case .resetStream(let id, let errorCode, let finalSize):
            varint(FrameType.resetStream)
            varint(id)
            varint(errorCode)
            varint(finalSize)
        case .stopSending(let id, let errorCode):
            varint(FrameType.stopSending)
            varint(id)
            varint(errorCode)
        case .stream(let stream):
            streamHeader(id: stream.id, offset: stream.offset, length: stream.data.count, fin: stream.fin)
            append(stream.data)
        case .maxData(let limit):
            varint(FrameType.maxData)
            varint(limit)
        case .ackFrequency(let frequency):
            varint(FrameType.ackFrequency)
            varint(frequency.sequence)
            varint(frequency.threshold)
            varint(frequency.maxDelay)
            varint(frequency.reorderingThreshold)
        case .maxStreamData(let id, let limit):
            varint(FrameType.maxStreamData)
            varint(id)
            varint(limit)
        case .pathChallenge(let data):
            varint(FrameType.pathChallenge)
            u64(data)
        case .pathResponse(let data):
            varint(FrameType.pathResponse)
            u64(data)
        case .close(let errorCode, let reason):
            varint(FrameType.close)
            varint(errorCode)
            lengthPrefixed(reason)
        case .auth(let signature, let parameters):
            varint(FrameType.auth)
            append(signature)
            lengthPrefixed(parameters)
        case .candidates(let candidates):
            varint(FrameType.candidates)
            self.candidates(candidates)
        case .observedAddress(let address):
            varint(FrameType.observedAddress)
            self.address(address)
        case .rekey(let epoch, let key):
            varint(FrameType.rekey)
            u32(epoch)
            append(key)
        case .reauth(let epoch, let signature):
            varint(FrameType.reauth)
            u32(epoch)
            append(signature)
        }
    }

    /// Appends a STREAM frame without its data, `length` bytes, which are to follow.
    package mutating func streamHeader(id: UInt64, offset: UInt64, length: Int, fin: Bool) {
        varint(fin ? FrameType.streamFin : FrameType.stream)
        varint(id)
        varint(offset)
        varint(UInt64(length))
    }

    /// Appends an ACK frame of ranges in ascending order, of which there is at least one, as what was received keeps them.
    package mutating func ack(ascending ranges: ArraySlice<Range<UInt64>>, delay: UInt64, ecn: ECNCounts?) {
        guard var last = ranges.last else { return }
        varint(ecn == nil ? FrameType.ack : FrameType.ackECN)
        varint(last.upperBound - 1)
        varint(delay)
        varint(UInt64(ranges.count - 1))
        varint(UInt64(last.count - 1))
        var index = ranges.endIndex - 1
        while index > ranges.startIndex {
            index -= 1
            varint(last.lowerBound - ranges[index].upperBound - 1)
            last = ranges[index]
            varint(UInt64(last.count - 1))
        }
        counts(ecn)
    }

    private mutating func counts(_ ecn: ECNCounts?) {
        guard let ecn else { return }
        varint(ecn.ect0)
        varint(ecn.ect1)
        varint(ecn.ce)
    }

    private mutating func ack(_ ack: AckFrame) {
        varint(ack.ecn == nil ? FrameType.ack : FrameType.ackECN)
        varint(ack.largest)
        varint(ack.delay)
        varint(UInt64(ack.ranges.count - 1))
        varint(ack.ranges[0].upperBound - ack.ranges[0].lowerBound)
        for index in 1..<max(ack.ranges.count, 1) {
            let gap = ack.ranges[index - 1].lowerBound - ack.ranges[index].upperBound - 2
            varint(gap)
            varint(ack.ranges[index].upperBound - ack.ranges[index].lowerBound)
        }
        counts(ack.ecn)
    }
}
