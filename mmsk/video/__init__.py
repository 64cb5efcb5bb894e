"""Videos: the reader and the extractors."""

from mmsk.video._frames import FrameEmbedder
from mmsk.video._motion import MotionDescriptors
from mmsk.video._reader import VideoReader
from mmsk.video._sound_track import SoundTrackReader
from mmsk.video._video_network import VideoEmbedder

__all__ = ["FrameEmbedder", "MotionDescriptors", "SoundTrackReader", "VideoEmbedder", "VideoReader"]
