"""Networks that learn to read digits: with the labels, and without them.

scikit-learn's digits are 1,797 grey pictures of 8 x 8 pixels. A small convolutional network learns
from half of them what tells the ten apart, and an autoencoder only how to draw them again. Both
are transformers of one column of pictures, and the same linear head reads the features of each.

Run: python examples/conv_encoder.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmsk import ConvEncoder, ImageAugmenter, ImageAutoEncoder

OUTPUT = Path("conv_encoder_output")
SEEN = {"image_size": 8, "color_space": "grey", "learning_rate": 3e-3, "random_state": 0}


def main() -> None:
    """Compare what the two networks learn, and draw how the first one did."""
    numbers, digits = load_digits(return_X_y=True)
    pictures = [picture / 16 for picture in numbers.reshape(-1, 8, 8)]
    train, test, y_train, y_test = train_test_split(
        pictures, digits, test_size=0.5, stratify=digits, random_state=0
    )
    moved = ImageAugmenter(rotate=5, scale=0.05, crop=0.05, flip=0, color=0, noise=0)
    encoder = ConvEncoder(augmenter=moved, max_epochs=15, **SEEN)
    encoders = {
        "ConvEncoder": encoder,
        "ImageAutoEncoder": ImageAutoEncoder(32, channels=(16, 32), max_epochs=12, **SEEN),
    }
    print(f"Accuracy of a linear head on {len(test)} digits:\n")
    for name, transformer in encoders.items():
        model = make_pipeline(transformer, StandardScaler(), LogisticRegression(max_iter=1000))
        accuracy = model.fit(train, y_train).score(test, y_test)
        print(f"  {name:17} {accuracy:6.1%}  {'#' * round(40 * accuracy)}")
    OUTPUT.mkdir(exist_ok=True)
    draw(encoder, test, y_test, OUTPUT / "conv_encoder.png")


def draw(encoder: ConvEncoder, pictures: list[np.ndarray], digits: np.ndarray, path: Path) -> None:
    """Draw the losses of training, and the digits of which the network was least sure."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    scores = encoder.set_params(output="scores").transform(pictures)
    unsure = scores.max(axis=1).argsort()[:8]
    figure, axes = plt.subplot_mosaic(
        [["losses", "losses", *"0123"], ["losses", "losses", *"4567"]],
        figsize=(9, 3.2),
        layout="constrained",
    )
    for name, losses in encoder.history_.items():
        epochs = np.arange(1, len(losses) + 1)
        axes["losses"].plot(epochs, losses, label=name.replace("_", " "))
    axes["losses"].set(xlabel="epoch", ylabel="cross-entropy", title="Training of ConvEncoder")
    axes["losses"].legend()
    for place, row in enumerate(unsure):
        axis = axes[str(place)]
        axis.imshow(pictures[row], cmap="gray_r")
        axis.set_title(f"{digits[row]} read as {scores[row].argmax()}", fontsize=9)
        axis.axis("off")
    figure.savefig(path, dpi=120)
    print(f"\nChart: {path}")


if __name__ == "__main__":
    main()
