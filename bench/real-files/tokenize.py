"""Ids of strings by Hugging Face's tokenizers: `python tokenize.py tokenizer.json < strings.json > ids.json`."""

import json
import sys

from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
json.dump([tokenizer.encode(text, add_special_tokens=False).ids for text in json.load(sys.stdin)], sys.stdout)
