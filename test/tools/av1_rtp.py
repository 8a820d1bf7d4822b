"""AV1 in RTP by its specification alone ("RTP Payload Format For AV1" 1.0, sections 4.3 to 4.5), for a GStreamer that has no elements for it.

Shares nothing with the server that it talks to. IVF files hold temporal units of OBUs with sizes (AV1 §5.2).
"""
import struct

SEQUENCE_HEADER, TEMPORAL_DELIMITER, TILE_LIST, PADDING = 1, 2, 8, 15
HAS_EXTENSION, HAS_SIZE = 0x04, 0x02
IVF_HEAD = struct.Struct("<4sHH4sHHIIII")
IVF_FRAME = struct.Struct("<IQ")
RTP_HEAD = struct.Struct(">BBHII")
# What a packet of 1200 bytes has room for behind RTP's header.
MAX_PAYLOAD = 1188


def leb128(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def read_leb128(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def read_ivf(path):
    """The temporal units of a file."""
    with open(path, "rb") as file:
        data = file.read()
    at = struct.unpack_from("<H", data, 6)[0]
    units = []
    while at + IVF_FRAME.size <= len(data):
        size, _ = IVF_FRAME.unpack_from(data, at)
        at += IVF_FRAME.size
        units.append(data[at : at + size])
        at += size
    return units


def write_ivf(path, units, width, height, rate):
    with open(path, "wb") as file:
        file.write(IVF_HEAD.pack(b"DKIF", 0, IVF_HEAD.size, b"AV01", width, height, rate, 1, len(units), 0))
        for index, unit in enumerate(units):
            file.write(IVF_FRAME.pack(len(unit), index) + unit)


def elements_of(unit):
    """The OBUs of a temporal unit without their sizes; those left out that are not to be sent (section 5)."""
    at = 0
    while at < len(unit):
        head = unit[at]
        begin = at + (2 if head & HAS_EXTENSION else 1)
        size, body = read_leb128(unit, begin) if head & HAS_SIZE else (len(unit) - begin, begin)
        if head >> 3 & 15 not in (TEMPORAL_DELIMITER, TILE_LIST, PADDING):
            yield bytes([head & ~HAS_SIZE]) + unit[at + 1 : begin] + unit[body : body + size]
        at = body + size


def payloads_of(unit):
    """A temporal unit as payloads: W says how many elements there are where it can, the last of which then has no length."""
    elements = list(elements_of(unit))
    begins = any(element[0] >> 3 & 15 == SEQUENCE_HEADER for element in elements)
    payloads = []
    continued = False
    while elements:
        parts, room = [], MAX_PAYLOAD - 1
        while elements and room > 3:
            element = elements[0]
            part = element[: room - 2]
            parts.append(part)
            room -= len(part) + len(leb128(len(part)))
            if len(part) < len(element):
                elements[0] = element[len(part) :]
                break
            elements.pop(0)
        is_cut = bool(elements) and len(part) < len(element)
        count = len(parts) if len(parts) < 4 else 0
        first = begins and not payloads
        out = bytearray([continued << 7 | is_cut << 6 | count << 4 | first << 3])
        for index, part in enumerate(parts):
            out += part if count and index == count - 1 else leb128(len(part)) + part
        payloads.append(bytes(out))
        continued = is_cut
    return payloads


class Packetiser:
    def __init__(self, payload_type, ssrc, rate):
        self.payload_type, self.ssrc, self.ticks = payload_type, ssrc, 90000 // rate
        # Both wrap on the way.
        self.sequence, self.timestamp = 0xFFF0, 0xFFFFFFFF - 90000

    def packets_of(self, unit):
        payloads = payloads_of(unit)
        packets = []
        for index, payload in enumerate(payloads):
            marker = 0x80 if index == len(payloads) - 1 else 0
            head = RTP_HEAD.pack(0x80, marker | self.payload_type, self.sequence, self.timestamp, self.ssrc)
            packets.append(head + payload)
            self.sequence = self.sequence + 1 & 0xFFFF
        self.timestamp = self.timestamp + self.ticks & 0xFFFFFFFF
        return packets


class Depacketiser:
    """Packets in the order of their sequence, as a jitter buffer gives them; a unit with a gap is left out."""

    def __init__(self):
        self.units, self.lost = [], 0
        self.sequence = None
        self.forget()

    def forget(self):
        self.elements, self.open, self.whole = [], None, True

    def push(self, packet):
        flags, second, sequence, _, _ = RTP_HEAD.unpack_from(packet)
        if self.sequence is not None and sequence != self.sequence + 1 & 0xFFFF:
            self.lost += 1
            self.whole = False
        self.sequence = sequence
        at = RTP_HEAD.size + 4 * (flags & 15)
        if flags & 0x10:
            at += 4 + 4 * struct.unpack_from(">H", packet, at + 2)[0]
        end = len(packet) - (packet[-1] if flags & 0x20 else 0)
        if at < end:
            self.take(packet[at:end])
        if second & 0x80:
            if self.whole and self.open is None and self.elements:
                self.units.append(bytes([TEMPORAL_DELIMITER << 3 | HAS_SIZE, 0]) + b"".join(map(sized, self.elements)))
            self.forget()

    def take(self, payload):
        head = payload[0]
        continues, goes_on, count = head & 0x80, head & 0x40, head >> 4 & 3
        parts, at = [], 1
        while at < len(payload):
            size = len(payload) - at
            if not count or len(parts) < count - 1:
                size, at = read_leb128(payload, at)
            parts.append(payload[at : at + size])
            at += size
        if bool(continues) != (self.open is not None):
            self.whole = False
        if continues and parts:
            parts[0] = (self.open or b"") + parts[0]
        self.open = parts.pop() if goes_on and parts else None
        self.elements += parts


def sized(element):
    """An OBU as files have it."""
    head = 2 if element[0] & HAS_EXTENSION else 1
    if element[0] & HAS_SIZE:
        return element
    return bytes([element[0] | HAS_SIZE]) + element[1:head] + leb128(len(element) - head) + element[head:]
