"""The public surface: a change of these lists is a change for users, and enters CHANGES.md."""

import importlib
import pkgutil

import pytest

import mmsk

ROOMS = {
    "audio": ["AudioDescriptors", "AudioReader", "LogMelEmbedder", "MFCC", "STFTEmbedder"],
    "compose": ["FeatureBlocks", "Modalities", "ModalityDropout", "ModalityTransformer"]
    + ["PerBlock", "SlidingWindows", "infer_modalities", "precompute"],
    "compression": ["compress", "compression_report"],
    "datasets": ["fetch_flower_photos", "fetch_free_spoken_digits", "make_multimodal"],
    "encoders": ["ConvEncoder", "ImageAutoEncoder", "RecurrentEncoder", "SequenceAutoEncoder"]
    + ["TemporalConvEncoder"],
    "extraction": ["BaseExtractor", "CellExtractor", "cache_info", "clear_cache"],
    "fusion": [
        "AttentionFusion",
        "BilinearFusion",
        "CCAFusion",
        "ConcatFusion",
        "FrameFusion",
        "GatedFusion",
        "KernelFusion",
        "TensorFusion",
        "WeightedFusion",
    ],
    "heads": [
        "Checkpoint",
        "DeepFusionClassifier",
        "DeepFusionRegressor",
        "DistilledClassifier",
        "LateFusionClassifier",
        "LateFusionRegressor",
        "MultiKernelSVC",
        "SVMClassifier",
        "SVMRegressor",
    ],
    "image": ["CNNEmbedder", "ColorHistogramEmbedder", "HOGEmbedder", "ImageAugmenter"]
    + ["ImageReader", "LocalBinaryPatternEmbedder", "augment_table"],
    "inspection": ["FusionSearchDisplay", "TrainingCurveDisplay", "audit", "search_pivot"]
    + ["search_results"],
    "persistence": ["load", "read_manifest", "save"],
    "pipelines": ["multimodal_pipeline", "search_space"],
    "series": ["MiniRocketEmbedder", "SeriesReader", "SeriesStatistics", "SpectralSeries"],
    "testing": ["check_extractor", "check_fusion", "check_head", "extractor_checks"]
    + ["fusion_checks", "head_checks", "parametrize_with_contract"],
    "text": ["TfidfEmbedder", "TransformerEmbedder", "WordReader", "WordVectorEmbedder"]
    + ["train_word_vectors"],
    "video": ["FrameEmbedder", "MotionDescriptors", "SoundTrackReader", "VideoEmbedder"]
    + ["VideoReader"],
}
MODULES = {
    "exceptions": ["BadCellWarning", "CacheWarning", "MissingDependencyError", "ModelFileError"]
    + ["ModelFileWarning", "ReadError"],
    "samples": ["AudioClip", "Image", "Series", "VideoClip"],
}
SUBMODULES = ["datasets", "testing"]
ONLY_IN_THEIR_ROOM = {"datasets", "extraction", "samples", "testing"}
STORE = ["cache_info", "clear_cache", "config_context", "get_config", "set_config"]
ALL = sorted(
    STORE
    + [
        name
        for place, names in (ROOMS | MODULES).items()
        if place not in ONLY_IN_THEIR_ROOM
        for name in names
    ]
)


def test_public_names_of_the_package():
    assert sorted(mmsk.__all__) == sorted([*ALL, *SUBMODULES, "__version__"])


@pytest.mark.parametrize("name", ALL)
def test_each_name_can_be_imported(name):
    assert getattr(mmsk, name).__name__ == name


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_of_a_room(room):
    module = importlib.import_module(f"mmsk.{room}")
    assert sorted(module.__all__) == sorted(ROOMS[room])
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_public_names_of_a_module(name):
    module = importlib.import_module(f"mmsk.{name}")
    own = [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
    ]
    assert sorted(own) == MODULES[module.__name__.partition(".")[2]]


def test_there_is_no_other_room():
    modules = pkgutil.iter_modules(mmsk.__path__)
    public = {module.name for module in modules if not module.name.startswith("_")}
    assert public == set(ROOMS) | set(MODULES)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="No mmsk attribute Nonsense"):
        _ = mmsk.Nonsense
