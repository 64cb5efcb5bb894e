from .compose import FeatureBlocks as FeatureBlocks
from .compose import ModalityTransformer as ModalityTransformer
from .exceptions import BadCellWarning as BadCellWarning
from .exceptions import MissingDependencyError as MissingDependencyError
from .exceptions import ReadError as ReadError
from .fusion import ConcatFusion as ConcatFusion
from .fusion import WeightedFusion as WeightedFusion
