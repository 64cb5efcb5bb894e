import numpy as np
from scipy import optimize

from mmsk.fusion._kernel_alignment import alignment_weights


def centred_kernels(*blocks):
    kernels = [block @ block.T for block in blocks]
    centre = np.eye(len(blocks[0])) - 1 / len(blocks[0])
    return [centre @ kernel @ centre for kernel in kernels]


def inner_products(kernels, target):
    products = np.array([[np.sum(a * b) for b in kernels] for a in kernels])
    return products, np.array([np.sum(kernel * target) for kernel in kernels])


def three_blocks():
    generator = np.random.default_rng(0)
    y = generator.choice([-1.0, 1.0], size=40)
    telling = y[:, None] + 0.5 * generator.normal(size=(40, 2))
    half = y[:, None] + 3 * generator.normal(size=(40, 3))
    noise = 10 * generator.normal(size=(40, 5))
    *kernels, target = centred_kernels(telling, half, noise, y[:, None])
    return kernels, target


def alignment(weights, kernels, target):
    kernel = sum(weight * each for weight, each in zip(weights, kernels, strict=True))
    return np.sum(kernel * target) / np.linalg.norm(kernel) / np.linalg.norm(target)


def test_no_other_weights_are_better_aligned():
    kernels, target = three_blocks()
    weights = alignment_weights(*inner_products(kernels, target))
    best = optimize.minimize(
        lambda w: -alignment(w, kernels, target),
        np.full(3, 1 / 3),
        bounds=[(0, None)] * 3,
        options={"ftol": 1e-15, "gtol": 1e-12},
    )
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(), 1)
    assert alignment(weights, kernels, target) >= -best.fun - 1e-9


def test_a_kernel_that_hides_the_target_gets_no_weight():
    products = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert alignment_weights(products, np.array([0.5, -0.2])).tolist() == [1.0, 0.0]


def test_units_of_a_kernel_do_not_matter():
    kernels, target = three_blocks()
    weights = alignment_weights(*inner_products(kernels, target))
    scaled = [kernels[0] * 1e6, kernels[1], kernels[2] * 1e-6]
    other = alignment_weights(*inner_products(scaled, target)) * [1e6, 1, 1e-6]
    np.testing.assert_allclose(other / other.sum(), weights, atol=1e-9)


def test_the_same_kernel_twice_is_no_error():
    kernels, target = three_blocks()
    weights = alignment_weights(*inner_products([kernels[0], kernels[0]], target))
    np.testing.assert_allclose(weights.sum(), 1)


def test_kernels_that_say_nothing_weigh_the_same():
    assert alignment_weights(np.zeros((2, 2)), np.zeros(2)).tolist() == [0.5, 0.5]
    assert alignment_weights(np.eye(2), np.array([-0.1, -0.3])).tolist() == [0.5, 0.5]
