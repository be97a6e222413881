"""A simple checker of stories: what it finds wrong is wrong, what it does not see may be so too."""

import re
from collections import Counter

# A word that the corpus has fewer times may be a slip of the teacher's.
KNOWN = 3
REPEATED = 4


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower())


def known_words(texts: list[str]) -> set[str]:
    counts = Counter(word for text in texts for word in words_of(text))
    return {word for word, count in counts.items() if count >= KNOWN}


def is_well_formed(text: str, known: set[str]) -> bool:
    """Whole sentences that begin with a capital, quotations closed, known words, and no phrase said twice."""
    words = words_of(text)
    phrases = [tuple(words[i : i + REPEATED]) for i in range(len(words) - REPEATED + 1)]
    return (
        re.search(r'[.!?]"?$', text) is not None
        and text.count('"') % 2 == 0
        and not re.search(r"[.!?] [a-z]", re.sub(r'[.!?]"', "", text))
        and all(word in known for word in words)
        and all(a != b for a, b in zip(words, words[1:]))
        and len(set(phrases)) == len(phrases)
    )
