import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.pipeline import Pipeline

from mmsk import FeatureBlocks, SVMClassifier, SVMRegressor, multimodal_pipeline, search_space
from mmsk.fusion import __all__ as FUSIONS

N_ROWS = 48


@pytest.fixture(scope="module")
def problem():
    generator = np.random.default_rng(0)
    y = np.arange(N_ROWS) % 2
    image = generator.normal(size=(N_ROWS, 6)) + y[:, None]
    text = generator.poisson(1 + 2 * y[:, None], size=(N_ROWS, 4)).astype(np.float32)
    image[3] = np.nan
    return FeatureBlocks({"image": image, "text": text}), y


def fused(head):
    return Pipeline([("fusion", None), ("head", head)])


@pytest.mark.parametrize("head", [SVMClassifier(), SVMRegressor()], ids=["classes", "values"])
def test_every_grid_can_be_searched(problem, head):
    blocks, y = problem
    # One setting of each fusion and head; networks for a moment only.
    space = [
        {key: values if key in ("fusion", "head") else values[-1:] for key, values in grid.items()}
        for grid in search_space(fused(head))
    ]
    for grid in space:
        for fusion in grid["fusion"]:
            if hasattr(fusion, "max_epochs"):
                fusion.set_params(max_epochs=2)
    search = GridSearchCV(fused(head), space, cv=2, error_score="raise").fit(blocks, y)
    assert len(search.cv_results_["params"]) == sum(len(ParameterGrid(grid)) for grid in space)
    assert search.best_score_ > (0.9 if isinstance(head, SVMClassifier) else 0.5)


def test_every_family_of_fusions_is_in_it():
    tried = {
        type(f).__name__ for grid in search_space(fused(SVMClassifier())) for f in grid["fusion"]
    }
    # Frames are no question of accuracy, and KernelFusion is to a linear head what kernels are.
    assert set(FUSIONS) - tried == {"FrameFusion", "KernelFusion"}


def test_scales_of_single_blocks_are_kept():
    pipeline = multimodal_pipeline({"clip": "video", "title": "text"})
    scale = {"clip": "block"}
    assert pipeline["fusion"].scale == scale
    fusions = search_space(pipeline)[0]["fusion"]
    kept = [each for each in fusions if getattr(each, "scale", None) == scale]
    assert [type(each).__name__ for each in kept] == ["ConcatFusion"] + 2 * ["WeightedFusion"]


def test_heads_are_of_the_kind_of_the_pipeline():
    pipeline = multimodal_pipeline({"t": "text"})
    for head in (SVMClassifier(), SVMRegressor()):
        space = search_space(clone(pipeline).set_params(head=head))
        kinds = {grid["head"][0].__sklearn_tags__().estimator_type for grid in space}
        assert kinds == {head.__sklearn_tags__().estimator_type}


def test_a_pipeline_is_needed():
    with pytest.raises(ValueError, match=r"Expected a Pipeline .*, got SVMClassifier"):
        search_space(SVMClassifier())


def test_the_steps_are_needed():
    with pytest.raises(ValueError, match="no step 'fusion'; its steps are 'head'"):
        search_space(Pipeline([("head", SVMClassifier())]))
