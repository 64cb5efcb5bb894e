import numpy as np
import pytest

from mmsk.exceptions import MissingDependencyError, ReadError
from mmsk.text import WordVectorEmbedder, train_word_vectors
from mmsk.text import _train_word_vectors as module
from mmsk.text._vector_files import open_vectors

gensim = pytest.importorskip("gensim")

generator = np.random.default_rng(0)
FRUIT, TOOLS = ["apple", "pear", "plum", "Cherry"], ["hammer", "saw", "drill", "file"]
TEXTS = [
    " ".join(generator.choice(words, 12))
    for words, others in ((FRUIT, TOOLS), (TOOLS, FRUIT)) * 150
]


def alike(path, one, other):
    first, second = open_vectors(path).look_up([one, other])
    return first @ second / np.linalg.norm(first) / np.linalg.norm(second)


@pytest.mark.parametrize("skip_gram", [True, False])
def test_words_of_one_kind_get_alike_vectors(tmp_path, skip_gram):
    path = train_word_vectors(
        TEXTS, tmp_path / "own.bin", vector_size=10, epochs=20, skip_gram=skip_gram
    )
    assert alike(path, "apple", "cherry") > 0.7 > 0.3 > alike(path, "apple", "saw")
    embedder = WordVectorEmbedder(path)
    rows = embedder.fit_transform(["a pear and a plum", "hammer"])
    assert rows.shape == (2, 10)
    assert embedder.out_of_vocabulary_share_ == 0.5


def test_the_file_is_what_gensim_trains(tmp_path):
    path = train_word_vectors(
        TEXTS, tmp_path / "own.bin", vector_size=6, window=3, epochs=5, random_state=7
    )
    sentences = [text.lower().split() for text in TEXTS]
    model = gensim.models.Word2Vec(
        sentences, vector_size=6, window=3, min_count=5, sg=1, seed=7, workers=1
    )
    vectors = open_vectors(path)
    assert len(vectors) == 8
    words = list(model.wv.key_to_index)
    np.testing.assert_array_equal(vectors.look_up(words), model.wv[words])


def test_the_same_texts_give_the_same_file(tmp_path):
    first = train_word_vectors(TEXTS, tmp_path / "a.bin", vector_size=4)
    second = train_word_vectors([None, *TEXTS], tmp_path / "b.bin", vector_size=4)
    assert first.read_bytes() == second.read_bytes()
    other = train_word_vectors(TEXTS, tmp_path / "b.bin", vector_size=4, random_state=1)
    assert first.read_bytes() != other.read_bytes(), "the file was replaced"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "b.bin"]


def test_letters_and_pattern_are_those_of_the_embedder(tmp_path):
    path = train_word_vectors(
        TEXTS, tmp_path / "own.bin", lowercase=False, token_pattern=r"\w{5,}", min_count=1
    )
    words = set(open_vectors(path).places)
    assert words == {"apple", "Cherry", "hammer", "drill"}


def test_all_of_a_long_text_is_learned_from(tmp_path, monkeypatch):
    early = [f"early{number}" for number in generator.integers(0, 2000, 20_000)]
    text = " ".join([*early, *TEXTS])

    def apple(epochs):
        path = train_word_vectors([text], tmp_path / "own.bin", vector_size=4, epochs=epochs)
        return open_vectors(path).look_up(["apple"]).tolist()

    assert apple(1) != apple(2)
    monkeypatch.setattr(module, "MOST_WORDS_AT_ONCE", 10**9)
    assert apple(1) == apple(2), "gensim would drop what lies beyond 10,000 words"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"path": "own.txt"}, r"path='own\.txt' does not end in \.bin"),
        ({"vector_size": 0}, "vector_size=0 is not an integer"),
        ({"window": 1.5}, "window=1.5 is not an integer"),
        ({"epochs": 0}, "epochs=0 is not"),
        ({"min_count": 10_000}, "No word to learn: .* min_count=10000 times"),
        ({"documents": [None]}, "No word to learn"),
        ({"skip_gram": 1}, "skip_gram=1 is not one of True, False"),
        ({"random_state": -1}, "random_state=-1 is not"),
        ({"documents": "a text"}, "Expected a column of raw cells, got one str"),
    ],
)
def test_parameters_are_checked(tmp_path, parameters, reason):
    with pytest.raises(ValueError, match=reason):
        train_word_vectors(**{"documents": TEXTS, "path": tmp_path / "own.bin"} | parameters)
    assert not list(tmp_path.iterdir())


def test_cells_that_are_no_text(tmp_path):
    with pytest.raises(ReadError, match=r"row 1.*expected text, got int"):
        train_word_vectors(["a", 3], tmp_path / "own.bin")


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gensim.models", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'mmsk\[word-vectors\]'"):
        train_word_vectors(TEXTS, tmp_path / "own.bin")
