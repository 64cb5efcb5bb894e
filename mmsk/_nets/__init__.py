"""Networks: the only room whose modules import torch at their top."""
