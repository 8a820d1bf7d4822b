"""GStreamer's webrtcbin as a client of WHIP and WHEP.

Usage: webrtcbin.py check [ELEMENT...] | publish|play URL CODEC SECONDS [FILE [PICTURES]]; check prints the elements that are missing and says by its exit code whether any is. The others print one line of JSON: what was decoded (play) or sent (publish). A player ends when it has two seconds of both, everybody at SIGINT or after SECONDS.

AV1 is without elements of its own, which Debian 12 does not have: the pictures of FILE (IVF, 25 a second) are published once, from the connection on, and what is played is put into FILE; a player ends when it has PICTURES.
"""
import json
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
import av1_rtp  # noqa: E402
import gi  # noqa: E402

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

Gst.init(None)
if sys.argv[1] == "check":
    missing = [name for name in ["webrtcbin", "nicesrc", *sys.argv[2:]] if not Gst.ElementFactory.find(name)]
    print(", ".join(missing))
    sys.exit(1 if missing else 0)
ACTION, URL, CODEC, SECONDS = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
FILE = sys.argv[5] if len(sys.argv) > 5 else ""
PICTURES = int(sys.argv[6]) if len(sys.argv) > 6 else 61

SOURCE = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1"
SSRC = 0x5EED
ENCODERS = {
    "h264": f"{SOURCE} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=600 ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
    "vp8": f"{SOURCE} ! vp8enc deadline=1 keyframe-max-dist=30 target-bitrate=600000 ! rtpvp8pay",
    "vp9": f"{SOURCE} ! vp9enc deadline=1 cpu-used=8 lag-in-frames=0 keyframe-max-dist=30 target-bitrate=600000 ! rtpvp9pay",
    "av1": "appsrc name=packets is-live=true format=time",
}
DECODERS = {
    "H264": "rtph264depay ! avdec_h264",
    "VP8": "rtpvp8depay ! vp8dec",
    "VP9": "rtpvp9depay ! vp9dec",
    "AV1": "appsink name=packets emit-signals=true sync=false",
    "OPUS": "rtpopusdepay ! opusdec",
}
ENCODING = CODEC.upper()
VIDEO = f"application/x-rtp,media=video,encoding-name={ENCODING},payload=96,clock-rate=90000"
if CODEC == "av1" and ACTION == "publish":
    VIDEO += f",ssrc=(uint){SSRC}"
AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2"

# Pictures of a file in a second.
RATE = 25

result = {"state": "new", "video": 0, "audio": 0, "width": 0, "resource": ""}
loop = GLib.MainLoop()


def build():
    if ACTION == "play":
        pipeline = Gst.parse_launch("webrtcbin name=peer bundle-policy=max-bundle")
        if not isinstance(pipeline, Gst.Pipeline):
            peer, pipeline = pipeline, Gst.Pipeline.new()
            pipeline.add(peer)
    else:
        pipeline = Gst.parse_launch(
            "webrtcbin name=peer bundle-policy=max-bundle "
            f"{ENCODERS[CODEC]} ! {VIDEO} ! queue name=v ! peer. "
            f"audiotestsrc is-live=true ! opusenc ! rtpopuspay ! {AUDIO} ! queue name=a ! peer."
        )
    return pipeline, pipeline.get_by_name("peer")


def count(kind):
    result[kind] += 1
    if ACTION == "play" and result["video"] >= PICTURES and result["audio"] > 100:
        loop.quit()


def counted(pad, kind):
    def probe(_, info):
        count(kind)
        return Gst.PadProbeReturn.OK

    pad.add_probe(Gst.PadProbeType.BUFFER, probe)


class Feed:
    """Pushes the packets of the file's pictures when they are due."""

    def __init__(self, source):
        self.source = source
        self.units = av1_rtp.read_ivf(FILE)
        self.packetiser = av1_rtp.Packetiser(96, SSRC, RATE)
        self.next = 0
        source.set_property("caps", Gst.Caps.from_string(VIDEO))

    def start(self):
        self.begun = GLib.get_monotonic_time()
        self.base = self.source.get_current_running_time()
        GLib.timeout_add(5, self.turn)

    def turn(self):
        while self.next < len(self.units) and self.due <= GLib.get_monotonic_time() - self.begun:
            for packet in self.packetiser.packets_of(self.units[self.next]):
                buffer = Gst.Buffer.new_wrapped(packet)
                buffer.pts = self.base + self.due * 1000
                self.source.emit("push-buffer", buffer)
            self.next += 1
            count("video")
        return self.next < len(self.units)

    @property
    def due(self):
        return self.next * 1000000 // RATE


depacketiser = av1_rtp.Depacketiser()


def on_packet(sink):
    buffer = sink.emit("pull-sample").get_buffer()
    depacketiser.push(buffer.extract_dup(0, buffer.get_size()))
    for _ in range(len(depacketiser.units) - result["video"]):
        count("video")
    return Gst.FlowReturn.OK


def on_pad(peer, pad):
    if pad.direction != Gst.PadDirection.SRC:
        return
    caps = pad.get_current_caps().get_structure(0)
    name = caps.get_string("encoding-name").upper()
    end = "" if name == "AV1" else " ! fakesink name=end sync=false"
    branch = Gst.parse_bin_from_description(f"queue ! {DECODERS[name]}{end}", True)
    pipeline.add(branch)
    if name == "AV1":
        branch.get_by_name("packets").connect("new-sample", on_packet)
    else:
        counted(branch.get_by_name("end").get_static_pad("sink"), caps.get_string("media"))
    branch.sync_state_with_parent()
    pad.link(branch.get_static_pad("sink"))


def on_offer(promise, peer):
    # The reply owns the offer: it must live as long.
    reply = promise.get_reply()
    offer = reply.get_value("offer")
    text = offer.sdp.as_text()
    peer.emit("set-local-description", offer, Gst.Promise.new())
    request = urllib.request.Request(
        URL, text.encode(), {"Content-Type": "application/sdp"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request) as answer:
            sdp = answer.read()
            result["resource"] = urllib.parse.urljoin(URL, answer.headers["Location"])
    except urllib.error.HTTPError as error:
        result["state"] = f"{error.code} {error.read().decode()}"
        loop.quit()
        return
    _, message = GstSdp.SDPMessage.new_from_text(sdp.decode())
    answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
    peer.emit("set-remote-description", answer, Gst.Promise.new())


def negotiate(peer):
    peer.emit("create-offer", None, Gst.Promise.new_with_change_func(on_offer, peer))


def on_state(peer, _):
    result["state"] = peer.get_property("connection-state").value_nick
    if result["state"] == "connected" and feed:
        GLib.idle_add(feed.start)


def on_message(_, message):
    if message.type == Gst.MessageType.ERROR:
        result["state"] = str(message.parse_error())
        loop.quit()


pipeline, peer = build()
feed = Feed(pipeline.get_by_name("packets")) if ACTION == "publish" and CODEC == "av1" else None
# libnice leaves loopback out by itself. The agent is kept: it dies with the last name that Python has for it.
agent = peer.get_property("ice-agent")
agent.emit("add-local-ip-address", "127.0.0.1")
peer.connect("pad-added", on_pad)
peer.connect("notify::connection-state", on_state)
if ACTION == "play":
    for caps in (VIDEO, AUDIO):
        peer.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
else:
    for index in range(2):
        peer.emit("get-transceiver", index).set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
    if not feed:
        counted(pipeline.get_by_name("v").get_static_pad("src"), "video")
    counted(pipeline.get_by_name("a").get_static_pad("src"), "audio")
peer.connect("on-negotiation-needed", negotiate)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message", on_message)
pipeline.set_state(Gst.State.PLAYING)
GLib.timeout_add(int(SECONDS * 1000), loop.quit)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGINT, loop.quit)
loop.run()
if result["resource"] and ACTION == "publish":
    urllib.request.urlopen(urllib.request.Request(result["resource"], method="DELETE")).read()
pipeline.set_state(Gst.State.NULL)
if ACTION == "play" and CODEC == "av1":
    av1_rtp.write_ivf(FILE, depacketiser.units, 320, 180, RATE)
    result["lost"] = depacketiser.lost
print(json.dumps(result))
