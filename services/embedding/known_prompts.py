"""The prompts of known models whose folders name none."""

import re

NO_PROMPTS = ("", "")
# A pattern of the model's name -> the prompts of queries and of products, as its card says
_KNOWN = (
    (re.compile(r"e5-(?:small|base|large)(?!.*instruct)"), ("query: ", "passage: ")),
    (
        re.compile(r"bge-(?:small|base|large)-en"),
        ("Represent this sentence for searching relevant passages: ", ""),
    ),
    (
        re.compile(r"bge-(?:small|base|large)-zh"),
        ("为这个句子生成表示以用于检索相关文章\N{FULLWIDTH COLON}", ""),
    ),
    (re.compile(r"nomic-embed-text"), ("search_query: ", "search_document: ")),
    (
        re.compile(r"(?:mxbai-embed|snowflake-arctic-embed)(?!.*-v2)"),
        ("Represent this sentence for searching relevant passages: ", ""),
    ),
)


def known_prompts(name: str) -> tuple[str, str]:
    """The prompts of queries and of products for a model's name. Empty for an unknown model."""
    found = (prompts for pattern, prompts in _KNOWN if pattern.search(name.lower()))
    return next(found, NO_PROMPTS)
