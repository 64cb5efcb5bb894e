"""A BERT of two small layers with random weights, written to a folder."""

import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

WORDS = ["a", "red", "green", "car", "cars", "apple", "apples", "day", "the", "she", "and", "of"]
WORDS += ["are", "in", "on", "two", "more", "them", "is"]


def write_tiny_bert(folder, *, seed=0, n_positions=16, **options):
    """Write the model; 8 features, 16 tokens at most."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "##s"]
    tokenizer = BertTokenizerFast(vocab={word: place for place, word in enumerate(words)})
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=n_positions,
        **options,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    return folder
