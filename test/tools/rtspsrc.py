"""GStreamer's rtspsrc as a player: H.264 and AAC into a Matroska file, until the server ends them.

Usage: rtspsrc.py URL tcp|udp FILE; exits with 1 and says why when the pipeline fails.

Each pad is linked by what it carries. gst-launch does that too, but when both come in the same moment it now and then links only one of
them, and the pipeline never ends.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

Gst.init(None)
URL, LOWER, FILE = sys.argv[1:4]
pipeline = Gst.parse_launch(
    f"rtspsrc name=source location={URL} protocols={LOWER} latency=100 "
    f"rtph264depay name=video ! h264parse ! queue ! matroskamux name=mux ! filesink location={FILE} "
    "rtpmp4gdepay name=audio ! aacparse ! queue ! mux."
)
loop = GLib.MainLoop()
failed = []


def link(_, pad):
    caps = pad.get_current_caps() or pad.query_caps(None)
    media = caps.get_structure(0).get_string("media")
    result = pad.link(pipeline.get_by_name(media).get_static_pad("sink"))
    if result != Gst.PadLinkReturn.OK:
        print(f"{media} was not linked: {result}", file=sys.stderr)


def told(_, message):
    if message.type == Gst.MessageType.ERROR:
        failed.append(message.parse_error())
        print(*failed[-1], file=sys.stderr)
    if message.type in (Gst.MessageType.ERROR, Gst.MessageType.EOS):
        loop.quit()


pipeline.get_by_name("source").connect("pad-added", link)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message", told)
pipeline.set_state(Gst.State.PLAYING)
loop.run()
pipeline.set_state(Gst.State.NULL)
sys.exit(1 if failed else 0)
